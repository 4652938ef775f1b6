# Measures the light once a minute, publishes it encrypted, shows the colour that was last published to it, and sleeps.
# Copy it to the node as main.py, together with moteq_node.py and settings.py.
from machine import ADC, Pin
from moteq_node import Node
from neopixel import NeoPixel
from settings import CHANNEL, CODE, GATEWAY

COLOURS = {b"red": (255, 0, 0), b"green": (0, 255, 0), b"blue": (0, 0, 255), b"off": (0, 0, 0)}


def show(topic, payload, retained):
    pixel = NeoPixel(Pin(40), 1)
    pixel[0] = COLOURS.get(payload, COLOURS[b"off"])
    pixel.write()


node = Node(GATEWAY, CHANNEL)
if not node.joined and node.join(CODE):
    # Said once: the gateway remembers it.
    node.subscribe("colour")
    node.wakes_every(60, 30)
    node.will("light/state", "gone", retain=True)
light = ADC(Pin(4), atten=ADC.ATTN_11DB)
# Whatever becomes of it: what the gateway does not have goes with the next exchange, with its age.
node.publish("light", light.read_u16(), receive=show)
node.sleep(60_000)
