# A node of moteq's native dialect, for ESP32 and ESP8266 with stock MicroPython: encrypted, each thing exactly once, and
# asleep the moment it is done. It needs no other file. docs/guide/native-nodes.md of moteq shows how it is used,
# docs/reference/native.md what goes over the air, and why that is safe.
import json, machine, network, os
from binascii import hexlify, unhexlify
from hashlib import sha256
from struct import pack
from time import ticks_add, ticks_diff, ticks_ms, time
from cryptolib import aes
from espnow import ESPNow

# With OK and BROKER_OUT the gateway has it all in its store. Else it is kept for the next exchange, but for what is REFUSED.
OK, BROKER_OUT, NO_RADIO, REFUSED, NO_ANSWER, LATER, NOT_JOINED = range(7)

# In bytes: what an uplink carries of items, and of a longer item; the longest message that is taken. How many items wait.
_ROOM, _PART, _LONGEST, _OUTBOX = 234, 224, 4096, 32

def _xor(one, other): return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")

def _ccm(key, nonce, head, text, tag):
    """AES-CCM (RFC 3610). Without a tag: text sealed, with its tag of 8 bytes. With it: text opened, None if it was altered."""
    blocks = [b"\x01" + nonce + pack(">H", index) for index in range(len(text) // 16 + 2)]
    stream = aes(key, 1).encrypt(b"".join(blocks))
    other = _xor(text, stream[16 : 16 + len(text)])
    plain = other if tag else text
    chain = b"\x59" + nonce + pack(">H", len(plain))
    for field in (pack(">H", len(head)) + head, plain):
        chain += field + bytes(-len(field) % 16)
    true_tag = _xor(aes(key, 2, bytes(16)).encrypt(chain)[-16:-8], stream[:8])
    return other if tag == true_tag else None if tag else other + true_tag

def _hmac(key, data):
    key = key + bytes(64 - len(key))
    return sha256(_xor(key, b"\x5c" * 64) + sha256(_xor(key, b"\x36" * 64) + data).digest()).digest()
def _derive(secret, salt, info): return _hmac(_hmac(salt, secret), info + b"\x01")  # HKDF (RFC 5869), its first 32 bytes

def _prove(first, key):
    start = bytes((first,)) + os.urandom(16)
    return start + _hmac(key, start)[:8]

def _varint(value): return bytes((value,)) if value < 128 else bytes((value & 127 | 128,)) + _varint(value >> 7)

def _sized(payload):
    data = payload if isinstance(payload, bytes) else str(payload).encode()
    return _varint(len(data)) + data

# These read from the iterator of a body.
def _u16(body): return next(body) << 8 | next(body)
def _take(body, count): return bytes([next(body) for _ in range(count)])
def _read_varint(body):
    byte = next(body)
    return byte if byte < 128 else byte & 127 | _read_varint(body) << 7

class Node:
    def __init__(self, gateway, channel, key_file="moteq.key"):
        self.gateway = unhexlify(gateway)
        self.time, self.waiting = None, 0  # at the last answer: seconds since 1970, messages that wait at the gateway
        self._sta = network.WLAN(network.STA_IF)
        self._sta.active(True)
        self._sta.disconnect()
        self._radio = ESPNow()
        self._radio.config(rxbuf=2048)
        self._radio.active(True)
        self._radio.add_peer(self.gateway)
        self._ids = self._sta.config("mac") + self.gateway
        self._key_file, self.joined = key_file, False
        self._session = self._next = self._parts = None
        self._counter, self._outbox, self._came, self._inbox, self._cannot = 0, [], [], [], []
        self._told, self._have, self._last, self._unheard, self.move = 0, b"", b"", 0, None
        try:
            with open(key_file) as file:
                self._set_key(unhexlify(file.read()))
        except OSError:
            pass
        # A node that crashes must not find its session in RTC memory again: no counter may come twice.
        memory = machine.RTC().memory()
        machine.RTC().memory(b"")
        try:
            keys, self._counter, self._next, self._came, self._outbox, channel, self.move, self._unheard = json.loads(memory)
            self._session = unhexlify(keys) or None
        except (ValueError, TypeError):
            pass
        self._sta.config(channel=channel)
        self._heard = (self._counter + 1, -1)

    def join(self, code=None):  # without a code while the gateway's window is open for all; True if it worked
        self._secret = code.replace("-", "").replace(" ", "").upper().encode() if code else b"moteq open"
        for _ in range(4):
            join = _prove(0x8C, _derive(self._secret, b"", b"moteq 1 join" + self._ids))
            if self._ask(join) == "joined" and self.exchange() in (OK, BROKER_OUT):
                with open(self._key_file, "w") as file:
                    file.write(hexlify(self._key).decode())
                return True
        return False

    def publish(self, topic, payload, retain=False, qos=1, receive=None):
        """Publish, with all that was added. With receive(topic, payload, retained), what waits comes too."""
        self.add(topic, payload, retain, qos)
        return self.exchange(receive)

    def add(self, topic, payload, retain=False, qos=1):  # a reading, which goes with the next exchange, with its age
        self._add(0x10 | qos << 1 | retain, topic, _sized(payload), time())

    # These go with the next exchange too. The gateway remembers them: once is enough.
    def subscribe(self, topic, qos=1): self._add(0x20 | qos, topic)
    def unsubscribe(self, topic): self._add(0x30, topic)
    def wakes_every(self, seconds, tolerance=0): self._add(0x50, "", _varint(seconds) + _varint(tolerance))
    def will(self, topic, payload, retain=False, qos=1): self._add(0x60 | qos << 1 | retain, topic, _sized(payload))
    def battery(self, millivolts): self._add(0x70, "", b"\x01" + _varint(millivolts))

    def exchange(self, receive=None):
        """Say all there is to say; with receive(topic, payload, retained), what waits comes too. One of the results above."""
        if not self.joined: return NOT_JOINED
        if self.move and time() >= self.move[1]:
            self._sta.config(channel=self.move[0])
            self.move = None
        self._refused, self._out, self._later, failures = False, False, False, 0
        for _ in range(300):
            event = self._ask(self._frame(1 if receive is None else 3))
            while receive and self._inbox:
                receive(*self._inbox[0][1:])
                self._came.append(self._inbox.pop(0)[0])
            failures = failures + 1 if event in (NO_RADIO, NO_ANSWER) else 0
            self._unheard = self._unheard if event == NO_RADIO else 0
            if failures == 4:
                if event == NO_ANSWER or not self._search(): return event
                failures = 0
            if event == "complete" and not (self._parts or self._outbox and not self._later or receive and self.waiting):
                break
        if self._came or self._cannot:
            self._ask(self._uplink(len(self._came) > 16, self._acks()), len(self._came) > 16)
        return REFUSED if self._refused else LATER if self._outbox else BROKER_OUT if self._out else OK

    def sleep(self, ms):
        """Keep the session in RTC memory and sleep deeply; the script starts anew afterwards."""
        state = [hexlify(self._session or b"").decode(), self._counter, self._next, self._came, self._outbox]
        state += [self._sta.config("channel"), self.move, self._unheard]
        try:
            machine.RTC().memory(json.dumps(state))
        except ValueError:  # there is no room for all that
            self._settle((self._next or 0) + 1)
            self.sleep(ms)
        self._radio.active(False)
        self._sta.active(False)
        machine.deepsleep(ms)

    def _search(self):  # on all channels the first, second, fourth, eighth ... time in a row: it takes a dozen frames
        self._unheard += 1
        before = self._sta.config("channel")
        searched = [self.move[0] if self.move else before] + list(range(1, 14))
        for channel in searched if self._unheard & (self._unheard - 1) == 0 else ():
            self._sta.config(channel=channel)
            asked = (self._ask(self._frame(1)) for _ in range(4))  # only an answer counts: the channels beside leak
            if next((event for event in asked if event != NO_ANSWER), NO_RADIO) != NO_RADIO: return True
        self._sta.config(channel=before)

    def _set_key(self, key):
        self._key, self.joined = key, True
        self._proof = _derive(key, b"", b"moteq 1 handshake" + self._ids)

    def _add(self, first, topic, rest=b"", taken=None):
        if len(self._outbox) == _OUTBOX:
            self._settle((self._next or 0) + 1)
        self._outbox.append([first, topic, hexlify(rest).decode(), taken])

    def _settle(self, number):  # the first item that waits has the number _next, the others follow
        done = number - (self._next or 0) & 0xFFFF
        if 0 < done < 0x8000:
            self._outbox, self._have = self._outbox[done:], b""
            self._next = None if self._next is None else number & 0xFFFF

    def _item(self, entry, aged=True):
        first, topic, rest, taken = entry
        age = max(0, time() - taken) if aged and taken is not None else 0
        name = bytes((0x80, len(topic.encode()))) + topic.encode() if topic else b""
        return bytes((first | 8 if age else first,)) + name + (_varint(age) if age else b"") + unhexlify(rest)

    def _uplink(self, flags, body):
        self._counter += 1
        head = pack(">BI", 0x88, self._counter)
        return head + _ccm(self._session[:16], head[1:] + bytes(9), head, bytes((flags,)) + body, None)

    def _acks(self):  # what the gateway should know of the messages that came
        self._told = min(20, len(self._came))
        body = b"".join(b"\x90" + pack(">H", number) for number in self._came[:20])
        body += b"".join(b"\xb1" + pack(">H", number) for number in self._cannot)
        if self._parts:
            number, pieces = self._parts
            bits = sum(1 << index for index, piece in enumerate(pieces) if piece is not None)
            body += b"\xa0" + pack(">HB", number, len(pieces) + 7 >> 3) + bits.to_bytes(len(pieces) + 7 >> 3, "little")
        return body

    def _frame(self, flags):
        if not self._session: return _prove(0x8A, self._proof)
        acks, items = self._acks(), b""
        for entry in self._outbox:
            data = self._item(entry)
            if len(data) > _ROOM and not items:
                return self._part(entry)
            if len(acks) + len(items) + len(data) > _ROOM: break
            items += data
        return self._uplink(flags | 8, pack(">H", self._next) + acks + items) if items else self._uplink(flags, acks)

    def _part(self, entry):  # the first part that the gateway does not have; alone, and without its age
        data, index = self._item(entry, False), 0
        while index >> 3 < len(self._have) and self._have[index >> 3] >> (index & 7) & 1:
            index += 1
        piece, self._told = data[index * _PART : index * _PART + _PART], 0
        head = pack(">HBBB", self._next, 0x40, index, (len(data) + _PART - 1) // _PART)
        return self._uplink(9, head + _sized(piece))

    def _ask(self, frame, wait=True):
        self._last = frame
        try:
            heard = self._radio.send(self.gateway, frame)
        except OSError:
            heard = False
        end = ticks_add(ticks_ms(), 100 if heard else 15)  # a lost acknowledgement may hide that it was heard
        while wait:
            left = ticks_diff(end, ticks_ms())
            mac, data = self._radio.recv(left) if left > 0 else (None, None)
            if mac is None: return NO_ANSWER if heard else NO_RADIO
            try:
                event = self._hear(bytes(data)) if mac == self.gateway else None
            except (StopIteration, ValueError, IndexError):
                event = None  # no frame of this version
            if event: return event

    def _hear(self, frame):
        if frame[0] == 0x89 and self._session:
            counter, index = self._counter - (self._counter - frame[1] & 255), frame[2]
            nonce = pack(">IB", counter & 0xFFFFFFFF, index) + bytes(8)
            is_new = (counter, index) > self._heard
            body = is_new and _ccm(self._session[16:], nonce, frame[:3], frame[3:-8], frame[-8:])
            if not body: return None
            follows = index == (self._heard[1] + 1 if counter == self._heard[0] else 0)
            self._heard = counter, index if follows else 255
            return self._downlink(counter, iter(body)) if follows else "missed"  # it comes again, behind what was missed
        mark = sha256(self._last + frame[:-8]).digest()
        if frame[0] == 0x8D and self._last[0] == 0x8C:
            key = _derive(self._secret, mark, b"moteq 1 node key" + self._ids)[:16]
            if _hmac(_derive(key, b"", b"moteq 1 handshake" + self._ids), mark)[:8] == frame[-8:]:
                self._set_key(key)
                self._session = None
                return "joined"
        elif frame[0] == 0x8B and self.joined and _hmac(self._proof, mark)[:8] == frame[-8:]:
            self._session = _derive(self._key, mark, b"moteq 1 session" + self._ids)
            self._counter, self._heard, self._have, self._last = 0, (1, -1), b"", b""
            self._next = _u16(iter(frame[17:])) if self._next is None else self._next
            return "renewed"

    def _downlink(self, counter, body):
        flags, number, settled = next(body), 0, None
        if flags & 1:
            self.time = _u16(body) << 16 | _u16(body)
            next(body)
            self.waiting, settled, self._out = _read_varint(body), _u16(body), flags & 4 != 0
        for first in body:
            kind, low = first >> 4, first & 15
            if kind == 1:
                number = number + 1 & 0xFFFF if low & 4 else _u16(body)
                self._message(number, low, body)
            elif kind == 4:
                self._piece(_u16(body), next(body), next(body), low and _read_varint(body), _take(body, _read_varint(body)))
            elif kind == 10:
                _u16(body)
                self._have = _take(body, next(body))
            elif kind == 12:
                _u16(body)
                self._refused = True
            elif kind == 13: self._later = True
            else:
                self.move = next(body), time() + _read_varint(body)  # the gateway goes to this channel at this time
        if settled is not None:
            self._settle(settled)
            if counter == self._counter:
                self._came, self._cannot, self._told = self._came[self._told :], [], 0
        return "complete" if flags & 2 else None

    def _message(self, number, low, body):
        next(body)  # this node gives topics no aliases
        topic = _take(body, next(body)).decode()
        low & 2 and _read_varint(body)
        payload = _take(body, _read_varint(body))
        if number not in [one[0] for one in self._inbox] + self._came + self._cannot:
            self._inbox.append((number, topic, payload, low & 1 == 1))

    def _piece(self, number, index, count, _, piece):
        if number in self._came + self._cannot: return
        if not self._parts or self._parts[0] != number:
            self._parts = number, [None] * count
        pieces = self._parts[1]
        pieces[index] = piece
        if count * len(piece) > _LONGEST and index < count - 1:
            self._parts = None
            self._cannot.append(number)
        elif None not in pieces:
            self._parts = None
            whole = iter(b"".join(pieces))
            self._message(number, next(whole), whole)
