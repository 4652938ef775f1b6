# A message that is longer than a radio frame travels as several, whose topics end in "#ID.INDEX/COUNT", as in
# "menu#7.1/3". They come in order. This puts them together, and cuts those of the node's own.
import json
import re
from time import time

FRAME_BYTES = 250

_name = re.compile(r"^(.+)#(\d+)\.(\d+)/(\d+)$")
_next_id = time() % 1000  # a node that wakes must not begin with the number of the last time


class Parts:
    """What has come so far of one sender's messages."""

    def __init__(self):
        self._key = None
        self._pieces = []

    def add(self, topic, message):
        """(topic, message) of what is whole now, or (None, None) while parts of it are missing."""
        match = _name.match(topic)
        if not match:
            return topic, message
        name, index, count = match.group(1), int(match.group(3)), int(match.group(4))
        key = (name, match.group(2), count)
        if index == 1 and (key != self._key or len(self._pieces) != 1):
            self._key = key
            self._pieces = []
        if key != self._key or index > len(self._pieces) + 1:
            self._key = None  # a part got lost: drop the others
            return None, None
        if index == len(self._pieces) + 1:  # otherwise the part came twice
            self._pieces.append(message)
            if index == count:
                return name, "".join(self._pieces)
        return None, None


def split(topic, message):
    """The publications, a list of (topic, message), that carry this text or these bytes: one if it fits a frame."""
    global _next_id
    if _size(topic, message) <= FRAME_BYTES:
        return [(topic, message)]
    longest_name = topic + "#999.255/255"
    pieces = []
    while message:
        length = FRAME_BYTES
        while _size(longest_name, message[:length]) > FRAME_BYTES:
            length -= 1 + length // 16
        if length < 1 or len(pieces) == 255:
            raise ValueError("message or topic too long")
        pieces.append(message[:length])
        message = message[length:]
    _next_id = (_next_id + 1) % 1000
    return [("%s#%d.%d/%d" % (topic, _next_id, i + 1, len(pieces)), piece) for i, piece in enumerate(pieces)]


def _size(topic, message):
    return len(json.dumps([topic, message, False, 0]).encode())
