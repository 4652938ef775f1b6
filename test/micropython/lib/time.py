# The ESP32's time module on the virtual clock. Its epoch is 2000, and it starts there when power comes on.
import utime as _builtin  # the interpreter's own, which reckons in years from 1970
import _board

_PERIOD = const(1 << 30)
_HALF = const(1 << 29)
_EPOCH = const(946684800)


def sleep(seconds):
    sleep_ms(seconds * 1000)


def sleep_ms(ms):
    if not _board.console:
        _board.sleep(float(ms))
        return
    import console

    end = ticks_add(ticks_ms(), int(ms))
    while ticks_diff(end, ticks_ms()) > 0:
        console.wait(False, ticks_diff(end, ticks_ms()))


def sleep_us(us):
    _board.sleep(us / 1000)


def ticks_ms():
    return _board.ticksMs()


def ticks_us():
    return _board.ticksUs()


ticks_cpu = ticks_us


def ticks_add(ticks, delta):
    return (ticks + delta) & (_PERIOD - 1)


def ticks_diff(end, start):
    return ((end - start + _HALF) & (_PERIOD - 1)) - _HALF


def time():
    return int(_board.rtcMs()) // 1000


def time_ns():
    return int(_board.rtcMs()) * 1000000


def gmtime(seconds=None):
    return _builtin.gmtime(_EPOCH + (time() if seconds is None else int(seconds)))


localtime = gmtime


def mktime(fields):
    return _builtin.mktime(tuple(fields)) - _EPOCH
