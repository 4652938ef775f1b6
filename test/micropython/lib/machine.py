# The parts of the ESP32's machine module that a radio node uses.
from binascii import hexlify, unhexlify
import time
import _board

PWRON_RESET = const(1)
HARD_RESET = const(2)
WDT_RESET = const(3)
DEEPSLEEP_RESET = const(4)
SOFT_RESET = const(5)
PIN_WAKE = const(2)
TIMER_WAKE = const(4)

_frequency = 160_000_000


def deepsleep(time_ms=None):
    _board.deepSleep(None if time_ms is None else float(time_ms))


def lightsleep(time_ms=None):
    _board.lightSleep(None if time_ms is None else float(time_ms))


sleep = lightsleep


def idle():
    _board.sleep(1.0)


def reset():
    _board.reset()


def soft_reset():
    _board.reset()


def reset_cause():
    return _board.resetCause


def wake_reason():
    return TIMER_WAKE if _board.resetCause == DEEPSLEEP_RESET else 0


def unique_id():
    return unhexlify(_board.address)


def freq(hz=None):
    global _frequency
    if hz is None:
        return _frequency
    _frequency = hz


def disable_irq():
    return 0


def enable_irq(state):
    pass


class WDT:
    def __init__(self, id=0, timeout=5000):
        self._timeout = timeout
        self.feed()

    def feed(self):
        _board.watchdog(self._timeout)


class UART:
    # UART 0 is the prompt's: nothing but its speed can be set.
    def __init__(self, id, baudrate=115200):
        if id != 0:
            raise ValueError("UART(%d) is not simulated" % id)


class RTC:
    def memory(self, data=None):
        if data is None:
            return unhexlify(_board.rtcMemory())
        if len(data) > 2048:
            raise ValueError("buffer too long")
        _board.setRtcMemory(hexlify(data).decode())

    def datetime(self, fields=None):
        if fields is None:
            year, month, day, hour, minute, second, weekday, _ = time.gmtime()
            return (year, month, day, weekday, hour, minute, second, int(_board.rtcMs()) % 1000 * 1000)
        year, month, day, _, hour, minute, second, microsecond = fields
        seconds = time.mktime((year, month, day, hour, minute, second, 0, 0))
        _board.setRtcMs(str(seconds * 1000 + microsecond // 1000))

    init = datetime


class Pin:
    IN = const(1)
    OUT = const(3)
    OPEN_DRAIN = const(7)
    PULL_DOWN = const(1)
    PULL_UP = const(2)

    def __init__(self, id, mode=None, pull=None, *, value=None, drive=None, hold=None):
        self._id = id
        self._mode = mode
        self._pull = pull
        self._value = 0
        if value is not None:
            self.value(value)

    def init(self, mode=None, pull=None, *, value=None):
        self._mode = mode
        self._pull = pull
        if value is not None:
            self.value(value)

    def value(self, value=None):
        if value is not None:
            self._value = 1 if value else 0
            _board.writePin(self._id, self._value)
        elif self._mode == Pin.OUT:
            return self._value
        else:
            return _board.readPin(self._id, 1 if self._pull == Pin.PULL_UP else 0)

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(1 - self._value)

    def __repr__(self):
        return "Pin(%d)" % self._id


class ADC:
    ATTN_0DB = const(0)
    ATTN_2_5DB = const(1)
    ATTN_6DB = const(2)
    ATTN_11DB = const(3)
    WIDTH_9BIT = const(9)
    WIDTH_10BIT = const(10)
    WIDTH_11BIT = const(11)
    WIDTH_12BIT = const(12)

    def __init__(self, pin, *, atten=ATTN_0DB, sample_ns=None):
        self._id = pin._id if isinstance(pin, Pin) else pin

    def atten(self, atten):
        pass

    def width(self, width):
        pass

    def read_u16(self):
        return _board.readAdc(self._id)

    def read(self):
        return self.read_u16() >> 4

    def read_uv(self):
        return self.read_u16() * 3_300_000 // 65535
