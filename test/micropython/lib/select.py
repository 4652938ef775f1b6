# Waiting for the serial line and for the radio, whichever has something first.
import console
import time
import _board

POLLIN = const(1)
POLLOUT = const(4)


class _Poll:
    def __init__(self):
        self._objects = []

    def register(self, obj, flags=POLLIN):
        self._objects.append(obj)

    def ipoll(self, timeout=-1, flags=0):
        import espnow

        radios = [obj for obj in self._objects if isinstance(obj, espnow.ESPNow)]
        streams = [obj for obj in self._objects if obj not in radios]
        frame = console.wait(bool(radios), 0 if streams and console.available() else timeout)
        if streams and console.available():
            yield streams[0], POLLIN
        if frame:
            yield radios[0], POLLIN

    def poll(self, timeout=-1):
        return list(self.ipoll(timeout))


def poll():
    return _Poll()
