# What every node of the "prototype" dialect starts with: the radio is on when this has been imported.
#
#     from common import gateway, sta, espnow, subscribe
import json
from binascii import unhexlify

import network
from espnow import ESPNow
from settings import CHANNEL, GATEWAY

gateway = unhexlify(GATEWAY)

# ESP-NOW uses the WiFi hardware: its interface must be on, but is not connected to anything.
sta = network.WLAN(network.STA_IF)
sta.active(True)
sta.disconnect()  # an ESP8266 goes back to the network it was last on
sta.config(channel=CHANNEL)

espnow = ESPNow()
espnow.config(rxbuf=2048)  # a node that wakes may be sent several messages in a row
espnow.active(True)
espnow.add_peer(gateway)


def subscribe(topic, qos):
    """Ask for the messages of a topic. True if the gateway has heard it."""
    try:
        return espnow.send(gateway, json.dumps([topic, qos]))
    except OSError:
        return False
