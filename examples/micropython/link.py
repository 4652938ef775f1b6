# The node's side of the "link" dialect. Every publication is answered, and messages are asked for with get().
#
#     from link import Link
#     link = Link("02006d6f7465", channel=6)
#     link.publish("shed/door", "open", retain=True, qos=1)
#
# Copy it to the node together with parts.py.
import json
from binascii import unhexlify
from time import sleep_ms

import network
from espnow import ESPNow
from parts import Parts, split

OK = 0  # the gateway has it, and it will reach the broker
BROKER_OUT = 1  # the gateway has it, but has no connection to the broker at present
NO_RADIO = 2  # the gateway did not hear it
REFUSED = 3  # the gateway heard it and has thrown it away: try again later
NO_ANSWER = 4  # the gateway heard it and did not answer in time: it may or may not have it

_ANSWERS = {b"ACK": OK, b"NAK": BROKER_OUT, b"BAD": REFUSED}
_ANSWER_MS = 200
_CONNECT_MS = 5000
_BACKLOG = 20


class Link:
    """
    gateway: its address, 12 hexadecimal digits
    channel: the WiFi channel; None to follow the access point (with credentials) or to look for the gateway
    credentials: (name, password) of the access point that the gateway is connected to
    """

    def __init__(self, gateway, channel=None, credentials=None):
        self.gateway = unhexlify(gateway)
        self.channel = channel
        self._credentials = credentials
        self._backlog = []
        self._parts = Parts()
        self._sta = network.WLAN(network.STA_IF)
        self._espnow = ESPNow()
        self.reconnect(channel)

    def reconnect(self, channel=None):
        """Turn the radio off and on, and find the channel. Raises OSError where that fails."""
        self.close()
        self._sta.active(True)
        self._sta.disconnect()
        self._espnow.config(rxbuf=4096)
        self._espnow.active(True)
        self._espnow.add_peer(self.gateway)
        if channel is not None:
            self._sta.config(channel=channel)
        elif self._credentials:
            channel = self._follow_access_point()
        else:
            channel = self._scan()
        self.channel = channel

    def publish(self, topic, message, retain=False, qos=0):
        """Publish text or bytes; what is longer than a frame goes in parts. One of the results above."""
        for name, piece in split(topic, message):
            result = self._publish([name, piece, retain, qos])
            if result not in (OK, BROKER_OUT):
                break
        return result

    def subscribe(self, topic, qos=0):
        """Ask for the messages of a topic or filter. True if the gateway has heard it."""
        return self._send([topic, qos])

    def unsubscribe(self, topic):
        """End a subscription. True if the gateway has heard it."""
        return self._send([topic, None])

    def get(self, callback):
        """Call callback(topic, message, retained) with each message that waits. False if none could be asked for."""
        asked = self._send(["get"])
        while self._backlog:
            self._deliver(self._backlog.pop(0), callback)
        while asked:
            frame = self._receive()
            if frame is None:  # silence: there is nothing more
                break
            self._deliver(frame, callback)
        return asked

    def ping(self):
        """Whether the gateway is connected to the broker: OK, BROKER_OUT, NO_RADIO or NO_ANSWER."""
        if not self._send(["ping"]):
            return NO_RADIO
        frame = self._answer(lambda frame: frame in (b"UP", b"DOWN"))
        return NO_ANSWER if frame is None else OK if frame == b"UP" else BROKER_OUT

    def get_channel(self):
        """The channel that the gateway says it is on, or None."""
        if not self._send(["chan"]):
            return None
        frame = self._answer(lambda frame: frame.isdigit())
        return None if frame is None else int(frame)

    def close(self):
        """Turn the radio off, as before deep sleep."""
        self._espnow.active(False)
        self._sta.active(False)

    def _publish(self, content):
        if not self._send(content):
            return NO_RADIO
        frame = self._answer(lambda frame: frame in _ANSWERS)
        return NO_ANSWER if frame is None else _ANSWERS[frame]

    def _send(self, content):
        try:
            return self._espnow.send(self.gateway, json.dumps(content))
        except OSError:
            return False

    def _receive(self):
        """The next frame of the gateway's, or None after 200 ms of silence."""
        while True:
            mac, frame = self._espnow.recv(_ANSWER_MS)
            if mac is None or mac == self.gateway:
                return frame

    def _answer(self, fits):
        """The first frame that is the answer; messages that come before it are kept for get()."""
        while True:
            frame = self._receive()
            if frame is None or fits(frame):
                return frame
            self._keep(frame)

    def _keep(self, frame):
        if len(self._backlog) == _BACKLOG:
            self._backlog.pop(0)
        self._backlog.append(frame)

    def _deliver(self, frame, callback):
        try:
            topic, message, retained = json.loads(frame)
            topic, message = self._parts.add(topic, message)
        except (ValueError, TypeError):  # a late answer, or nothing of ours
            return
        if topic is not None:
            callback(topic, message, retained)

    def _follow_access_point(self):
        self._sta.connect(*self._credentials)
        for _ in range(_CONNECT_MS // 100):
            if self._sta.isconnected():
                return self._sta.config("channel")
            sleep_ms(100)
        raise OSError("no connection to the access point")

    def _scan(self):
        # A gateway may be heard on the channels next to its own, so what counts is what it says.
        for channel in range(1, 14):
            self._sta.config(channel=channel)
            found = self.get_channel()
            if found is not None:
                self._sta.config(channel=found)
                return found
        raise OSError("the gateway was found on no channel")
