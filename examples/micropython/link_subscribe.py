# Shows the colour that was last published, and sleeps in between.
#
#     mosquitto_pub -t allnodes -m green -q 1
#
# Copy it to the node as main.py, together with link.py, parts.py and settings.py.
from link import Link
from machine import Pin, deepsleep
from neopixel import NeoPixel
from settings import CHANNEL, GATEWAY
from time import sleep_ms

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "off": (0, 0, 0)}

newest = None


def keep(topic, message, retained):
    global newest
    newest = message


try:
    link = Link(GATEWAY, CHANNEL)
    link.subscribe("colour", 1)
    link.get(keep)
    link.close()
except OSError:
    pass  # no gateway on any channel
colour = COLOURS.get(newest)
if colour:
    pixel = NeoPixel(Pin(40), 1)
    pixel[0] = colour
    pixel.write()
    sleep_ms(500)  # time to look at it
deepsleep(3_000)
