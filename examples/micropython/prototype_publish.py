# Measures the light once a minute and sleeps in between: a battery lasts for years.
# Copy it to the node as main.py, together with common.py and settings.py.
import json

from common import espnow, gateway, sta
from machine import ADC, Pin, deepsleep


def publish(espnow, topic, msg, retain, qos):
    try:
        espnow.send(gateway, json.dumps([topic, msg, retain, qos]))
    except OSError:
        pass  # the gateway can't be reached: the next reading is only a minute away


light = ADC(Pin(4), atten=ADC.ATTN_11DB)
publish(espnow, "light", str(light.read_u16()), False, 1)

espnow.active(False)
sta.active(False)
deepsleep(60_000)  # waking is a reset: main.py starts from its first line
