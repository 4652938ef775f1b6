# A board that does over MQTT what the original mqrepl does, byte for byte, its peculiarities included. Written from
# its wire format; `_wire` is the host: publish(kind, id, hex), begin() and end() around captured output.
import binascii, hashlib, io, os, sys
import _wire

PKTLEN = 1400
BUFLEN = 2 * PKTLEN
# The engine's errno are those of its C library; a chip's are Linux's.
_ERRNO = {44: 2, 20: 17, 54: 20, 31: 21, 55: 39, 51: 28}


class Log:
    def critical(self, text, *args):
        _wire.log("C", text % args if args else text)


class Watchdog:
    def reset(self, mode):
        _wire.reset(mode)


sys.modules["watchdog"] = Watchdog()
GLOBALS = {"__name__": "__main__", "sys": sys, "os": os, "log": Log(), "watchdog": sys.modules["watchdog"]}


class MQRepl:
    def __init__(self):
        self._put_fd = None
        self._put_seq = None
        self._ota = None

    def message(self, cmd, ident, tail, hexed, dup):
        msg = binascii.unhexlify(hexed)
        if len(msg) < 2:
            return
        hdr = (msg[0] << 8) | msg[1]
        seq, last = hdr & 0x7FFF, (hdr & 0x8000) != 0
        try:
            fun = getattr(self, "_do_" + cmd)
        except AttributeError:
            return self._err(ident, "Command '" + cmd + "' not supported")
        try:
            args = (msg[2:], seq, last) if tail is None else (tail, msg[2:], seq, last)
            res = fun(*args)
            if res is None:
                return
            if hasattr(res, "read"):
                return self._stream(ident, res)
            self._out(ident, 0x7FFF, True, res)
        except ValueError as e:
            self._err(ident, "MQRepl protocol error " + cmd + ": " + str(e))
        except Exception as e:
            if isinstance(e, OSError) and e.args and e.args[0] in _ERRNO:
                e = OSError(_ERRNO[e.args[0]])
            text = io.StringIO()
            sys.print_exception(e, text)
            self._err(ident, text.getvalue())

    def _out(self, ident, seq, last, data):
        if isinstance(data, str):
            data = data.encode()
        head = bytes([(0x80 if last else 0) | (seq >> 8), seq & 0xFF])
        _wire.publish("out", ident, binascii.hexlify(head + data).decode())

    def _err(self, ident, text):
        _wire.publish("err", ident, binascii.hexlify(text.encode()).decode())

    def _stream(self, ident, fd):
        seq = 0
        while True:
            buf = fd.read(BUFLEN)
            self._out(ident, seq, not buf, buf)
            seq += 1
            if not buf:
                fd.close()
                return

    def _do_eval(self, tail, msg=None, seq=None, last=None):
        if last is None:
            msg, seq, last = tail, msg, seq
        if seq != 0 or not last:
            raise ValueError("only single message supported")
        code = str(msg, "utf-8")
        try:
            op = compile(code, "<eval>", "eval")
            return repr(eval(op, GLOBALS, GLOBALS))
        except SyntaxError:
            pass
        op = compile(code, "<exec>", "exec")
        _wire.begin()
        try:
            exec(op, GLOBALS, GLOBALS)
        finally:
            out = _wire.end()
        return binascii.unhexlify(out)

    def _do_get(self, fname, msg, seq, last):
        return open(fname, "rb")

    def _do_put(self, fname, msg, seq, last):
        if seq == 0:
            if self._put_fd:
                self._put_fd.close()
            self._put_fd = open(fname, "wb")
            self._put_seq = 0
        if self._put_fd is None:
            raise ValueError("missing first message")
        if seq < self._put_seq:
            return
        if seq > self._put_seq:
            raise ValueError("message missing: %d vs. %d" % (seq, self._put_seq))
        self._put_fd.write(msg)
        self._put_seq += 1
        if last:
            self._put_fd.close()
            self._put_fd = None
            return "OK"

    # With both faults of the original: a gap counts as a repetition, and what crosses the last border is lost.
    def _do_ota(self, sha, msg, seq, last):
        if seq == 0:
            self._ota = {"sha": hashlib.sha256(), "seq": 0, "block": b"", "flash": b""}
        ota = self._ota
        if ota is None or ota["seq"] < seq:
            return
        if ota["seq"] > seq:
            raise ValueError("message missing")
        ota["seq"] += 1
        ota["sha"].update(msg)
        ota["block"] += msg
        if len(ota["block"]) >= 4096:
            ota["flash"] += ota["block"][:4096]
            ota["block"] = ota["block"][4096:]
        elif last and ota["block"]:
            ota["flash"] += ota["block"] + b"\xff" * (4096 - len(ota["block"]))
            ota["block"] = b""
        if not last:
            return "SEQ " + str(seq) if seq & 7 == 0 else None
        self._ota = None
        calc = binascii.hexlify(ota["sha"].digest())
        if calc != sha.encode():
            raise ValueError("SHA mismatch calc:%s check=%s" % (calc, sha.encode()))
        fd = open("/flash.bin", "wb")
        fd.write(ota["flash"])
        fd.close()
        return "OK"


repl = MQRepl()
