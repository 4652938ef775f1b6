# A micro:bit without a network, and a modem on its serial line (the serial wire, classic strings in it): publishes a
# count to "result" every ten seconds, shows a square while "green" is "on", and goes on from a number on "count". Fits
# into 9 KB of memory.
from micropython import kbd_intr
from microbit import Image, display, running_time, sleep, uart
from random import randrange

INIT = 'init|||||||1|0|0|0|60|0|1|4|10|0'


def total(data):  # CRC-32, in halves that stay small numbers
    high = low = 0xFFFF
    for byte in data:
        low ^= byte
        for _ in range(8):
            odd = low & 1
            low = (low >> 1) | ((high & 1) << 15)
            high >>= 1
            if odd:
                low ^= 0x8320
                high ^= 0xEDB8
    high ^= 0xFFFF
    low ^= 0xFFFF
    return bytes((high >> 8, high & 255, low >> 8, low & 255))


def put(content):
    frame = b'\0'
    for run in (content + total(content)).split(b'\0'):
        frame += bytes((len(run) + 1,)) + run
    uart.write(frame + b'\0')


# From here on no byte on the line is Ctrl-C.
kbd_intr(-1)
rest = b''


def get():
    global rest
    rest += uart.read() or b''
    end = rest.find(b'\0')
    if end < 0:
        rest = rest[-90:]
        return b''
    frame, rest = rest[:end], rest[end + 1:]
    data = b''
    while frame:
        code = frame[0] or 1
        data += frame[1:code]
        if code < len(frame):
            data += b'\0'
        frame = frame[code:]
    content = data[:-4]
    return content if content and total(content) == data[-4:] else b''


class Link:
    def __init__(self):
        self.peer = bytes(4)
        self.begin()

    def begin(self):
        self.me = bytes(randrange(1, 256) for _ in range(4))
        self.forget()

    def forget(self):
        self.up = self.running = False
        self.sequence = self.expected = 0
        self.strings = []  # to be sent as data, the first until it is acknowledged
        self.packets = []  # to be sent at once
        self.due = 0

    def hello(self, kind):  # window 1, 40 bytes a packet and a message
        self.packets.append(bytes((kind, 1)) + self.me + self.peer + b'\x01\0\x28\0\0\0\x28')

    def say(self, text):
        self.strings.append(bytes(text.replace('|', '\x7f'), 'utf8'))

    def remind(self, now):
        """Sends again what has not been answered."""
        if now < self.due:
            return
        self.due = now + (500 if self.up else 1000)
        if not self.up:
            self.hello(1)
        elif self.strings:
            self.packets.append(bytes((3, self.sequence, self.expected)) + self.strings[0])

    def take(self, packet):
        """Gives the string that has come."""
        kind = packet[0]
        if kind < 3:
            if packet[2:6] != self.peer:
                self.forget()
                self.peer = packet[2:6]
                self.hello(1)
            if kind == 1:
                self.hello(2)
            elif packet[6:10] == self.me and not self.up:
                self.up = True
                self.due = 0
                self.say(INIT)
            return ''
        if not self.up:
            return ''
        if self.strings and packet[2 if kind < 5 else 1] == (self.sequence + 1) & 255:
            self.strings.pop(0)
            self.sequence = (self.sequence + 1) & 255
            self.due = 0
        text = ''
        if kind < 5 and packet[1] == self.expected:
            self.expected = (self.expected + 1) & 255
            text = str(packet[3:], 'utf8').replace('\x7f', '|')
        if kind != 5:
            self.packets.append(bytes((5, self.expected)))
        return text


link = Link()
count = 1
due = running_time()
waiting = False
# Flat, since calls may not go deep on this chip.
while True:
    link.remind(running_time())
    for packet in link.packets:
        put(packet)
    link.packets = []
    packet = get()
    text = link.take(packet) if packet else ''
    if not link.running:
        waiting = False
    elif not waiting and running_time() >= due:
        link.say('p|result|%d|0|1' % count)
        waiting = True
    fields = text.split('|')
    if fields[0] == 't':
        if fields[1] == '5':
            link.running = True
            link.say('s|green|1')
            link.say('s|count|1')
        elif fields[1] == '4':
            waiting = False
            count += 1
            due = running_time() + 10000
        elif fields[1] in '68':
            sleep(1000)
            link.begin()
    elif fields[0] == 'u' and fields[1] == 'green':
        display.show(Image.SQUARE if fields[2] == 'on' else Image.HEART)
    elif fields[0] == 'u' and fields[1] == 'count':
        count = int(fields[2])
    if not packet:
        sleep(2)
