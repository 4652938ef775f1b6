# Shows the colour that was last published, and sleeps in between.
#
#     mosquitto_pub -t allnodes -m red -q 1
#
# Copy it to the node as main.py, together with common.py and settings.py.
import json
import sys

from common import espnow, gateway, sta, subscribe
from machine import Pin, deepsleep
from neopixel import NeoPixel
from time import sleep_ms

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "off": (0, 0, 0)}

# Hold this pin at ground on power-up to get to the prompt: a node that sleeps can't be talked to.
if not Pin(8, Pin.IN, Pin.PULL_UP).value():
    sys.exit()


def last_message():
    """The newest message that waits for this node, or None."""
    # The gateway sends what waits when it hears a publication, whatever it says.
    try:
        espnow.send(gateway, json.dumps(["dummy", "dummy", False, 0]))
    except OSError:
        return None
    newest = None
    while True:
        mac, frame = espnow.recv(200)
        if mac is None:  # silence: there is nothing more
            return newest
        try:
            topic, message, retained = json.loads(frame)
        except ValueError:  # no message, or none of ours
            continue
        newest = message


subscribe("colour", 1)
colour = COLOURS.get(last_message())
if colour:
    pixel = NeoPixel(Pin(40), 1)
    pixel[0] = colour
    pixel.write()
    sleep_ms(500)  # time to look at it
espnow.active(False)
sta.active(False)
deepsleep(3_000)
