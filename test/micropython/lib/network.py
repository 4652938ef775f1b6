# WLAN as far as ESP-NOW needs it: both interfaces, the channel, and an access point that may or may not be there.
from binascii import hexlify, unhexlify
import json
import time
import _board

STA_IF = const(0)
AP_IF = const(1)
STAT_IDLE = const(1000)
STAT_CONNECTING = const(1001)
STAT_GOT_IP = const(1010)
STAT_NO_AP_FOUND = const(201)
STAT_WRONG_PASSWORD = const(202)
MODE_11B = const(1)
MODE_11G = const(2)
MODE_11N = const(4)
MODE_LR = const(8)
AUTH_OPEN = const(0)
AUTH_WPA2_PSK = const(3)

_CONNECT_MS = const(1500)
_SCAN_MS = const(2400)

_channel = 1
# espnow's hook: called with (radio is on, channel) whenever one of them changes.
_on_change = None


def _changed():
    if _on_change:
        _on_change()


def _radio_on():
    return WLAN._interfaces[STA_IF]._active or WLAN._interfaces[AP_IF]._active


class WLAN:
    IF_STA = STA_IF
    IF_AP = AP_IF
    PM_NONE = const(0)
    PM_PERFORMANCE = const(1)
    PM_POWERSAVE = const(2)
    SEC_OPEN = const(0)
    SEC_WPA2 = const(3)

    # Each interface is one object, however often it is asked for.
    _interfaces = [None, None]

    def __new__(cls, interface_id=STA_IF):
        if interface_id not in (STA_IF, AP_IF):
            raise ValueError("invalid WLAN interface identifier")
        interface = cls._interfaces[interface_id]
        if interface is None:
            interface = super().__new__(cls)
            cls._interfaces[interface_id] = interface
            interface._start(interface_id)
        return interface

    def __init__(self, interface_id=STA_IF):
        pass

    def _start(self, interface_id):
        self._id = interface_id
        self._active = False
        self._goal = None
        self._config = {
            "pm": WLAN.PM_PERFORMANCE,
            "txpower": 20,
            "reconnects": -1,
            "hostname": "mpy-esp32",
            "protocol": MODE_11B | MODE_11G | MODE_11N,
        }
        if interface_id == AP_IF:
            self._config.update({"ssid": "ESP_" + _board.address[6:], "authmode": 0, "hidden": False})

    def active(self, is_active=None):
        if is_active is None:
            return self._active
        self._active = bool(is_active)
        if not self._active:
            self._goal = None
        _changed()
        return self._active

    def config(self, *args, **kwargs):
        global _channel
        if args:
            if len(args) != 1 or kwargs:
                raise TypeError("either pos or kw args are allowed")
            return self._get(args[0])
        for name, value in kwargs.items():
            if name == "channel":
                if not self._active:
                    raise OSError("Wifi Not Started")
                if not 1 <= value <= 14:
                    raise RuntimeError("Wifi Unknown Error 0x0102")
                _channel = value
                _changed()
            elif name == "mac":
                self._set_mac(bytes(value))
            elif name in ("ssid", "essid", "key", "password", "security", "dhcp_hostname", "max_clients"):
                self._config[name] = value
            elif name in self._config:
                self._config[name] = value
            else:
                raise ValueError("unknown config param")

    def _set_mac(self, mac):
        if len(mac) != 6:
            raise ValueError("invalid buffer length")
        self._config["mac"] = mac
        if self._id == STA_IF:
            _board.setAddress(hexlify(mac).decode())
        _changed()

    def _get(self, name):
        if name == "mac" and name not in self._config:
            mac = bytearray(unhexlify(_board.address))
            # The access point's address follows the station's.
            mac[5] = (mac[5] + self._id) & 255
            return bytes(mac)
        if name == "channel":
            return _channel
        if name in self._config:
            return self._config[name]
        raise ValueError("unknown config param")

    def connect(self, ssid=None, key=None, *, bssid=None):
        global _channel
        if not self._active:
            raise OSError("Wifi Not Started")
        point = json.loads(_board.accessPoint) if _board.accessPoint else None
        found = point is not None and point["ssid"] == ssid
        status = STAT_NO_AP_FOUND
        if found:
            status = STAT_GOT_IP if point.get("password", "") == (key or "") else STAT_WRONG_PASSWORD
        self._goal = (status, time.ticks_add(time.ticks_ms(), _CONNECT_MS if found else _SCAN_MS))
        if status == STAT_GOT_IP:
            _channel = point["channel"]
            _changed()

    def disconnect(self):
        self._goal = None

    def isconnected(self):
        return self.status() == STAT_GOT_IP if self._id == STA_IF else False

    def status(self, what=None):
        if what == "rssi":
            return -60
        if self._goal is None:
            return STAT_IDLE
        status, since = self._goal
        return status if time.ticks_diff(time.ticks_ms(), since) >= 0 else STAT_CONNECTING

    def ifconfig(self, *args):
        if self.isconnected():
            return ("192.168.4.2", "255.255.255.0", "192.168.4.1", "192.168.4.1")
        return ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")


# Both exist from the start, as in the chip.
WLAN(STA_IF)
WLAN(AP_IF)


def hostname(name=None):
    return WLAN(STA_IF).config("hostname") if name is None else WLAN(STA_IF).config(hostname=name)


def country(code=None):
    return "XX" if code is None else None
