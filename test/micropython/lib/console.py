# The serial line behind sys.stdin and sys.stdout: what comes in is kept here until the script takes it.
from binascii import hexlify, unhexlify
import sys
import _board

pending = b""
_at = 0
_interrupt = 3


def wait(frame, ms):
    """Waits for bytes, or also for a frame; whether a frame is there."""
    global pending, _at
    has_frame, text = _board.wait(frame, None if ms is None or ms < 0 else float(ms)).split(" ")
    if text:
        new = unhexlify(text)
        if _interrupt >= 0 and _interrupt in new:
            pending = pending[_at:] + new.replace(bytes((_interrupt,)), b"")
            _at = 0
            raise KeyboardInterrupt
        pending = pending[_at:] + new
        _at = 0
    return has_frame == "1"


def available():
    return len(pending) - _at


def take_all():
    global pending, _at
    text = hexlify(pending[_at:]).decode()
    pending = b""
    _at = 0
    return text


class _Input:
    def readinto(self, data):
        global _at
        length = len(data)
        while len(pending) - _at < length:
            wait(False, None)
        if length == 1:
            data[0] = pending[_at]
        else:
            data[:] = pending[_at : _at + length]
        _at += length
        return length

    def read(self, length):
        data = bytearray(length)
        self.readinto(data)
        return bytes(data)


class _Output:
    def write(self, data):
        _board.output(hexlify(data).decode())
        return len(data)


class _Stream:
    def __init__(self, buffer):
        self.buffer = buffer


class _Module:
    """A built-in module, with something else in it."""

    def __init__(self, real, **changes):
        for name in dir(real):
            setattr(self, name, getattr(real, name))
        for name, value in changes.items():
            setattr(self, name, value)


def _kbd_intr(character):
    global _interrupt
    _interrupt = character


def _urandom(length):
    return bytes(_board.randomByte() for _ in range(length))


def install(system, micropython, os):
    system.stdin = _Stream(_Input())
    system.stdout = _Stream(_Output())
    sys.modules["micropython"] = _Module(micropython, kbd_intr=_kbd_intr)
    sys.modules["os"] = _Module(os, urandom=_urandom)
