# The firmware, which is there from the moment of reset, and what it does then: run the node's script.
import io
import sys
import _board


class _Sys:
    pass


# The interpreter calls itself "webassembly"; scripts that ask for an ESP32 must find one.
_real = sys
_esp32 = _Sys()
for _name in dir(_real):
    setattr(_esp32, _name, getattr(_real, _name))
_esp32.platform = "esp32"
sys.modules["sys"] = _esp32

# The built-in time module waits at full speed and reads the computer's clock.
import time

sys.modules["utime"] = time

# The interpreter has no source of chance; a chip has one.
import os
from binascii import unhexlify

os.urandom = lambda count: unhexlify(_board.urandom(count))

if _board.console:
    import console, micropython, os, select

    console.install(_esp32, micropython, os)

# On a chip these are built in, and cost no compiling at every wake.
import cryptolib, dht, machine, neopixel, network

try:
    import espnow
except ImportError:
    pass  # a board without it


def run():
    try:
        try:
            with open(_board.script) as file:
                source = file.read()
        except OSError:
            if _board.console:
                return  # to the prompt
            raise
        exec(compile(source, _board.script, "exec"), {"__name__": "__main__"})
    except SystemExit:
        pass
    except BaseException as error:
        if _board.console:
            _real.print_exception(error)
            return
        text = io.StringIO()
        _real.print_exception(error, text)
        _board.failed(text.getvalue())
