# moteq's dongle: puts frames that a host sends over USB on the air by ESP-NOW, and gives the host what it hears.
# For stock MicroPython 1.21 or later on an ESP32, S2, S3, C3 or C6; `moteq dongle install` brings it there.
# Its messages: docs/reference/dongle.md. The line that carries them: docs/reference/serial-wire.md.
import binascii, espnow, gc, machine, micropython, network, os, select, struct, sys, time
from time import ticks_add, ticks_diff, ticks_ms

VERSION = 1
BAUD = 921_600  # for boards with a chip for USB; the others take no notice of it
STOP_FILE = "dongle.stop"  # where it is, the next start ends at the prompt
WATCHDOG_MS = 8000
RECEIVE_BUFFER = 16_384  # bytes of frames that the chip keeps while this program is busy

# A chip keeps 260 bytes of its serial port while a frame is put on the air: with one such packet at a time
# and what acknowledges this program's own, nothing is lost.
WINDOW = 1
PACKET_BYTES = 200
LONGEST_MESSAGE = 1500
QUEUE = 64  # messages for the host that wait; frames heard beyond that are dropped
HELLO_MS = 250
REPEAT_MS = 400
SILENCE_MS = 1000  # the host polls four times a second

# Frames of the serial wire.
HELLO, WELCOME, DATA, PART, ACKNOWLEDGE, REPEAT, POLL = range(1, 8)
# What is said on it.
SET_UP, SEND, COUNT, RESTART = range(1, 5)
READY, RESULT, RECEIVED, STATISTICS, TROUBLE = range(129, 134)


def stuff(content):
    out = bytearray()
    for run in (content + struct.pack(">I", binascii.crc32(content))).split(b"\0"):
        while len(run) >= 254:
            out += b"\xff" + run[:254]
            run = run[254:]
        out.append(len(run) + 1)
        out += run
    out.append(0)
    return out


def unstuff(stuffed):
    plain = bytearray()
    start = 0
    while start < len(stuffed):
        end = start + stuffed[start]
        if end > len(stuffed):
            return None
        plain += stuffed[start + 1 : end]
        if end - start < 255 and end < len(stuffed):
            plain.append(0)
        start = end
    whole = len(plain) > 4 and struct.unpack(">I", plain[-4:])[0] == binascii.crc32(plain[:-4])
    return plain[:-4] if whole else None


# The serial wire, to one host.
class Line:
    def __init__(self, about, take):
        self.about, self.take, self.faults = about, take, 0
        self.buffer = memoryview(bytearray(PACKET_BYTES + 16))
        self.byte = bytearray(1)
        self.go_down()

    def go_down(self):
        self.begin(0)
        self.instance = struct.unpack(">I", os.urandom(4))[0] | 1  # another one: everything is forgotten
        self.hello_at = ticks_ms()

    def begin(self, peer):
        self.peer, self.up, self.window = peer, False, 0
        self.sequence = self.expected = 0  # of the next packet, of the host's next one
        self.waiting, self.underway, self.joined = [], [], bytearray()

    def write(self, content):
        sys.stdout.buffer.write(stuff(content))

    def say(self, code):
        self.write(bytes((code, self.expected)))

    def introduce(self, code):
        head = struct.pack(">BBIIBHI", code, 1, self.instance, self.peer, WINDOW, PACKET_BYTES, LONGEST_MESSAGE)
        sys.stdout.buffer.write(b"\0")
        self.write(head + self.about)

    def send(self, message):
        self.waiting.append(message)
        self.send_next()

    def send_next(self):
        while self.waiting and len(self.underway) < self.window:
            if not self.underway:
                self.repeat_at = ticks_add(ticks_ms(), REPEAT_MS)
            packet = (self.sequence, self.waiting.pop(0))
            self.sequence = (self.sequence + 1) & 255
            self.underway.append(packet)
            self.put(packet)

    def send_again(self):
        self.repeat_at = ticks_add(ticks_ms(), REPEAT_MS)
        for packet in self.underway:
            self.put(packet)

    def put(self, packet):
        self.write(bytes((DATA, packet[0], self.expected)) + packet[1])

    def hear(self):
        # Up to the next zero. The host sends some each second, so that this never waits for long.
        read, byte, buffer, room, count = sys.stdin.buffer.readinto, self.byte, self.buffer, len(self.buffer), 0
        while True:
            read(byte)
            if not byte[0]:
                break
            if count < room:
                buffer[count] = byte[0]
            count += 1
        content = unstuff(buffer[:count]) if count <= room else None
        if content:
            self.handle(content)
        elif count:
            self.faults += 1
            if self.up:
                self.say(REPEAT)

    def handle(self, content):
        code = content[0]
        if code in (HELLO, WELCOME):
            return self.meet(code, content)
        is_data = code in (DATA, PART)
        if not self.up or len(content) < 2 + is_data:
            return
        self.heard_at = ticks_ms()
        arrived = len(self.underway) - ((self.sequence - content[1 + is_data]) & 255)
        if arrived > 0:
            del self.underway[:arrived]
            self.repeat_at = ticks_add(self.heard_at, REPEAT_MS)
        if is_data:
            self.take_data(code, content)
        elif code == REPEAT:
            self.send_again()
        elif code == POLL:
            self.say(ACKNOWLEDGE)
        self.send_next()

    def meet(self, code, content):
        if len(content) < 17:
            return
        instance, echo, window = struct.unpack(">IIB", content[2:11])
        if instance != self.peer:
            self.begin(instance)
            if code == HELLO:
                self.introduce(HELLO)
        if code == HELLO:
            self.introduce(WELCOME)
        elif not self.up and echo == self.instance:
            self.up = True
            self.window = window
        self.heard_at = ticks_ms()

    def take_data(self, code, content):
        ahead = (content[1] - self.expected) & 255
        if ahead:
            return self.say(REPEAT if ahead < 128 else ACKNOWLEDGE)
        if len(self.waiting) >= 2 * QUEUE:
            return  # the host does not take what it asked for: it has to wait
        self.expected = (self.expected + 1) & 255
        self.say(ACKNOWLEDGE)
        if len(self.joined) < LONGEST_MESSAGE:
            self.joined += content[3:]
        if code == DATA:
            message, self.joined = self.joined, bytearray()
            self.take(message)

    def tick(self):
        now = ticks_ms()
        if self.up:
            if ticks_diff(now, self.heard_at) > SILENCE_MS:
                self.go_down()
            elif self.underway and ticks_diff(now, self.repeat_at) >= 0:
                self.send_again()
        elif ticks_diff(now, self.hello_at) >= 0:
            self.hello_at = ticks_add(now, HELLO_MS)
            self.introduce(HELLO)


class Dongle:
    def __init__(self):
        about = (VERSION,) + sys.implementation[1][:3] + (sys.implementation._machine,)
        self.line = Line(("dongle/%d micropython/%d.%d.%d %s" % about).encode()[:200], self.take)
        self.radio, self.interface = espnow.ESPNow(), network.STA_IF
        self.peers = []  # the one used last at the end
        self.received = self.dropped = self.sent = self.unacknowledged = self.refused = 0

    def take(self, message):
        code = message and message[0]
        if code == SEND:
            outcome = self.send(bytes(message[3:9]), message[9:])
            self.line.send(bytes((RESULT,)) + message[1:3] + bytes((outcome,)))
        elif code == SET_UP and len(message) == 10:
            self.set_up(*struct.unpack("BBb6s", message[1:10]))
        elif code == COUNT:
            gc.collect()
            frames = (self.received, self.radio.stats()[4], self.dropped, self.sent, self.unacknowledged, self.refused)
            self.line.send(struct.pack(">B9I", STATISTICS, time.time(), *(frames + (self.line.faults, gc.mem_free()))))
        elif code == RESTART:
            if message[1:] == b"\1":
                open(STOP_FILE, "w").close()
            machine.reset()

    def set_up(self, channel, flags, power, address):
        self.radio.active(False)
        self.peers.clear()
        self.interface = network.AP_IF if flags & 1 else network.STA_IF
        station, wlan = network.WLAN(network.STA_IF), network.WLAN(self.interface)
        station.active(True)
        for on in (False, True):  # firmwares differ in when they take an address
            wlan.active(on)
            try:
                if any(address):
                    wlan.config(mac=address)
            except Exception:
                pass  # the host sees which one it is
        settings = [(station, {"pm": station.PM_NONE}), (wlan, {"protocol": 8 if flags & 2 else 7})]
        if flags & 1:
            # ESP8266 nodes need an access point there; it is for nobody to join.
            key = binascii.hexlify(os.urandom(16)).decode()
            settings.append((wlan, {"ssid": "moteq", "key": key, "security": 3, "hidden": True}))
        settings.append((wlan, {"channel": channel}))
        if power != 127:
            settings.append((wlan, {"txpower": power}))
        if flags & 2:
            settings.append((self.radio, {"rate": 0x29}))
        for owner, setting in settings:
            try:
                owner.config(**setting)
            except Exception as error:
                trouble = "%s: %r" % (", ".join(setting), error)
                self.line.send(bytes((TROUBLE,)) + trouble.encode()[:200])
        self.radio.config(rxbuf=RECEIVE_BUFFER)
        self.radio.active(True)
        ready = struct.pack(">BBBH", READY, wlan.config("channel"), flags, espnow.MAX_DATA_LEN)
        self.line.send(ready + wlan.config("mac"))

    # ESP-NOW knows 20 peers: the one that was not sent to for longest makes room.
    def send(self, mac, data):
        try:
            if mac in self.peers:
                self.peers.remove(mac)
            else:
                if len(self.peers) >= 20:
                    self.radio.del_peer(self.peers.pop(0))
                self.radio.add_peer(mac, None, 0, self.interface)
            self.peers.append(mac)
            heard = self.radio.send(mac, data, True)
        except (OSError, ValueError):
            self.refused += 1
            return 2
        self.sent += 1
        self.unacknowledged += not heard
        return 0 if heard else 1

    def hear(self):
        mac, data = self.radio.irecv(0)
        if not self.line.up or len(self.line.waiting) >= QUEUE:
            self.dropped += 1
        elif mac:
            self.received += 1
            self.line.send(struct.pack("Bb", RECEIVED, self.radio.peers_table[mac][0]) + mac + data)

    def run(self):
        watchdog = machine.WDT(timeout=WATCHDOG_MS)
        poll = select.poll()
        for source in (sys.stdin, self.radio):
            poll.register(source, select.POLLIN)
        while True:
            watchdog.feed()
            for ready in poll.ipoll(50):
                (self if ready[0] is self.radio else self.line).hear()
            self.line.tick()


def main():
    try:
        os.remove(STOP_FILE)
        return
    except OSError:
        micropython.kbd_intr(-1)  # a 3 is a byte like any other
    try:
        machine.UART(0, baudrate=BAUD)
    except Exception:
        pass
    try:
        Dongle().run()
    except Exception as error:
        sys.print_exception(error)
        time.sleep_ms(1000)
        machine.reset()


main()
