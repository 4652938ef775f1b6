# ESP-NOW, version 1.0: 20 peers, 250 bytes a frame, a receive buffer of 526 bytes.
from binascii import hexlify, unhexlify
import network
import _board

MAX_DATA_LEN = const(250)
ADDR_LEN = const(6)
KEY_LEN = const(16)
MAX_TOTAL_PEER_NUM = const(20)
MAX_ENCRYPT_PEER_NUM = const(6)

_BROADCAST = b"\xff" * 6
_CODES = {
    "ESP_ERR_ESPNOW_NOT_INIT": -12389,
    "ESP_ERR_ESPNOW_ARG": -12390,
    "ESP_ERR_ESPNOW_NO_MEM": -12391,
    "ESP_ERR_ESPNOW_FULL": -12392,
    "ESP_ERR_ESPNOW_NOT_FOUND": -12393,
    "ESP_ERR_ESPNOW_INTERNAL": -12394,
    "ESP_ERR_ESPNOW_EXIST": -12395,
    "ESP_ERR_ESPNOW_IF": -12396,
    "ESP_ERR_ESPNOW_CHAN": -12397,
}


def _error(name):
    return OSError(_CODES[name], name)


class _State:
    active = False
    rxbuf = 526
    timeout_ms = 300_000
    peers = {}
    table = {}
    sent = 0
    answered = 0
    failed = 0
    received = 0


def _update_radio():
    listening = _State.active and network._radio_on()
    access_point = network.WLAN(network.AP_IF)
    address = hexlify(access_point.config("mac")).decode() if access_point.active() else None
    _board.radio(listening, network._channel, _State.rxbuf if _State.active else 0, address)


network._on_change = _update_radio


def _assert_active():
    if not _State.active:
        raise _error("ESP_ERR_ESPNOW_NOT_INIT")


def _bytes(value, length):
    if not isinstance(value, (bytes, bytearray, memoryview)) or len(value) != length:
        raise ValueError("invalid buffer length")
    return bytes(value)


class ESPNow:
    # All instances are the one radio.
    def __init__(self):
        self._data = [None, bytearray(0)]

    def active(self, flag=None):
        if flag is not None and bool(flag) != _State.active:
            _State.active = bool(flag)
            if not _State.active:
                _State.peers.clear()
            _update_radio()
        return _State.active

    def init(self):
        self.active(True)

    def deinit(self):
        self.active(False)

    def config(self, *args, **kwargs):
        for name, value in kwargs.items():
            if name == "rxbuf":
                _State.rxbuf = value
            elif name == "timeout_ms":
                _State.timeout_ms = value
            elif name not in ("rate", "pm"):
                raise TypeError("extra keyword arguments given")
        if not args:
            return None
        if args[0] == "rxbuf":
            return _State.rxbuf
        if args[0] == "timeout_ms":
            return _State.timeout_ms
        raise ValueError("unknown config param")

    def irq(self, callback, argument=None):
        if callback is not None:
            raise NotImplementedError("this simulated board calls no irq handlers")

    # --- peers ---

    def set_pmk(self, key):
        _bytes(key, KEY_LEN)

    def add_peer(self, mac, lmk=None, channel=None, ifidx=None, encrypt=None):
        _assert_active()
        mac = _bytes(mac, ADDR_LEN)
        if lmk:
            _bytes(lmk, KEY_LEN)
        if mac in _State.peers:
            raise _error("ESP_ERR_ESPNOW_EXIST")
        if len(_State.peers) >= MAX_TOTAL_PEER_NUM:
            raise _error("ESP_ERR_ESPNOW_FULL")
        encrypt = bool(lmk) if encrypt is None else bool(encrypt)
        _State.peers[mac] = (mac, bytes(lmk or b"\0" * KEY_LEN), channel or 0, ifidx or 0, encrypt)

    def mod_peer(self, mac, lmk=None, channel=None, ifidx=None, encrypt=None):
        _, old_lmk, old_channel, old_ifidx, old_encrypt = self.get_peer(mac)
        mac = bytes(mac)
        _State.peers[mac] = (
            mac,
            old_lmk if lmk is None else bytes(lmk or b"\0" * KEY_LEN),
            old_channel if channel is None else channel,
            old_ifidx if ifidx is None else ifidx,
            old_encrypt if encrypt is None else bool(encrypt),
        )

    def del_peer(self, mac):
        _assert_active()
        if _State.peers.pop(_bytes(mac, ADDR_LEN), None) is None:
            raise _error("ESP_ERR_ESPNOW_NOT_FOUND")

    def get_peer(self, mac):
        _assert_active()
        peer = _State.peers.get(_bytes(mac, ADDR_LEN))
        if peer is None:
            raise _error("ESP_ERR_ESPNOW_NOT_FOUND")
        return peer

    def get_peers(self):
        _assert_active()
        return tuple(_State.peers.values())

    def peer_count(self):
        _assert_active()
        return (len(_State.peers), sum(1 for peer in _State.peers.values() if peer[4]))

    @property
    def peers_table(self):
        return _State.table

    # --- sending ---

    def send(self, *args):
        _assert_active()
        if not 1 <= len(args) <= 3:
            raise TypeError("function takes 2 to 4 positional arguments")
        mac, msg = (None, args[0]) if len(args) == 1 else args[:2]
        sync = len(args) < 3 or args[2] is None or bool(args[2])
        data = msg.encode() if isinstance(msg, str) else bytes(msg)
        if len(data) > MAX_DATA_LEN:
            raise ValueError("message is longer than 250 bytes")
        if not data:
            raise _error("ESP_ERR_ESPNOW_ARG")
        if mac:
            peers = [self._peer_to_send_to(_bytes(mac, ADDR_LEN))]
        else:
            peers = [peer for peer in _State.peers.values() if not peer[0][0] & 1]
            if not peers:
                raise _error("ESP_ERR_ESPNOW_NOT_FOUND")
        for peer in peers:
            if not network.WLAN(peer[3])._active:
                raise _error("ESP_ERR_ESPNOW_IF")
            if peer[2] and peer[2] != network._channel:
                raise _error("ESP_ERR_ESPNOW_CHAN")
        text = hexlify(data).decode()
        all_heard = True
        for peer in peers:
            heard = _board.send(peer[3], hexlify(peer[0]).decode(), text, sync)
            # A broadcast is acknowledged by nobody, and always counts as sent.
            heard = heard or peer[0] == _BROADCAST
            _State.sent += 1
            _State.answered += 1
            if not heard:
                _State.failed += 1
                all_heard = False
        return all_heard

    def _peer_to_send_to(self, mac):
        peer = _State.peers.get(mac)
        if peer is None:
            raise _error("ESP_ERR_ESPNOW_NOT_FOUND")
        return peer

    # --- receiving ---

    def _receive(self, timeout_ms):
        _assert_active()
        wait = _State.timeout_ms if timeout_ms is None else timeout_ms
        text = _board.receive(None if wait < 0 else float(wait))
        if text is None:
            return None
        source, rssi, heard_at, data = text.split(" ")
        mac = unhexlify(source)
        _State.received += 1
        _State.table[mac] = [int(rssi), int(heard_at)]
        return mac, unhexlify(data)

    def recv(self, timeout_ms=None):
        frame = self._receive(timeout_ms)
        return (None, None) if frame is None else [frame[0], frame[1]]

    def irecv(self, timeout_ms=None):
        frame = self._receive(timeout_ms)
        if frame is None:
            return (None, None)
        self._data[0] = frame[0]
        self._data[1] = bytearray(frame[1])
        return self._data

    def recvinto(self, data, timeout_ms=None):
        frame = self._receive(timeout_ms)
        if frame is None:
            return 0
        data[0] = frame[0]
        data[1][:] = frame[1]
        if len(data) >= 4:
            data[2], data[3] = _State.table[frame[0]]
        return len(frame[1])

    def any(self):
        _assert_active()
        return _board.available()

    def stats(self):
        return (_State.sent, _State.answered, _State.failed, _State.received, _board.droppedFrames())

    def __iter__(self):
        return self

    def __next__(self):
        return self.irecv()
