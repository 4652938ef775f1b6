# The host's end of SynCom: strings to and from a modem on five wires. Every clock edge is a bit, each way at once;
# nothing depends on how fast either end is. Needs a clock and five pins, no interrupts.
from time import sleep_ms, ticks_diff, ticks_ms

_SYN = 0x9D  # what both ends say first, so that they know where characters begin
_LONGEST = 2000


class SynCom:
    def __init__(self, ckin, ckout, din, dout, reset, timeout_ms=10_000):
        self._ckin = ckin
        self._ckout = ckout
        self._din = din
        self._dout = dout
        self._reset = reset
        self._timeout_ms = timeout_ms
        self._phase = 0
        self._to_send = []  # strings, the one being sent first
        self._sent = 0
        self._received = bytearray()

    def start(self):
        """Resets the modem and falls into step with it. False if it does not answer."""
        self._to_send = []
        self._sent = 0
        self._received = bytearray()
        self._ckout(0)
        self._dout(0)
        self._reset(0)
        sleep_ms(100)
        self._reset(1)
        sleep_ms(1000)
        self._phase = 1
        self._dout(_SYN & 1)
        self._ckout(1)
        rest = _SYN >> 1
        heard = 0
        while heard != _SYN:
            bit = self._swap(rest & 1)
            if bit is None:
                return False
            rest >>= 1
            heard = (heard >> 1) | (bit << 7)
        return True

    def send(self, text):
        """Puts a string of characters 1 to 127 in the queue."""
        self._to_send.append(text)

    def poll(self):
        """Exchanges one character. Gives a string that has come, '' if none has, None if the modem is silent."""
        out = self._next()
        heard = 0
        for place in range(7):
            bit = self._swap((out >> place) & 1)
            if bit is None:
                return None
            heard |= bit << place
        if heard:
            if len(self._received) < _LONGEST:
                self._received.append(heard)
            return ''
        text = self._received.decode()
        self._received = bytearray()
        return text

    def _next(self):
        if not self._to_send:
            return 0
        text = self._to_send[0]
        if self._sent < len(text):
            self._sent += 1
            return ord(text[self._sent - 1]) & 0x7F
        self._to_send.pop(0)
        self._sent = 0
        return 0  # ends the string

    def _swap(self, bit):
        since = ticks_ms()
        while self._ckin() != self._phase:
            if ticks_diff(ticks_ms(), since) > self._timeout_ms:
                return None
            sleep_ms(1)
        heard = self._din()
        self._dout(bit)
        self._phase ^= 1
        self._ckout(self._phase)
        return heard
