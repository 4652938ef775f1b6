# Measures the light once a minute and sleeps in between; finds the gateway again when it has changed its channel.
# Copy it to the node as main.py, together with link.py, parts.py and settings.py.
import json

from link import NO_RADIO, Link
from machine import ADC, RTC, Pin, deepsleep
from settings import CHANNEL, GATEWAY

FAILURES_BEFORE_SCAN = 3

# What is in RTC memory outlives deep sleep. It is empty after power-up.
rtc = RTC()
powered_up = False
try:
    channel, failures = json.loads(rtc.memory())
except ValueError:
    channel, failures = CHANNEL, 0
    powered_up = True
if failures >= FAILURES_BEFORE_SCAN:
    channel = None

try:
    link = Link(GATEWAY, channel)
    if powered_up:
        link.ping()  # tells the gateway which dialect this node speaks, so that it answers
    light = ADC(Pin(4), atten=ADC.ATTN_11DB)
    result = link.publish("light", str(light.read_u16()), False, 1)
    failures = failures + 1 if result == NO_RADIO else 0
    rtc.memory(json.dumps([link.channel, failures]))
    link.close()
except OSError:
    pass  # no gateway on any channel: look again after the next sleep
deepsleep(60_000)
