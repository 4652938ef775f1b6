# A board without a network, and a modem on five wires. Publishes a count to "result" every ten seconds, and switches
# an LED by "on" and "off" on "green". The modem may restart at any time.
from machine import Pin
from time import sleep, ticks_add, ticks_diff, ticks_ms
from syncom import SynCom

SEPARATOR = '\x7f'
# 'init', SSID, its password, broker, user, password, SSL parameters, default network, port, SSL, fast, keepalive,
# debug, clean session, repetitions, response time, ping interval
INIT = ('init', 'my_ssid', 'my_password', '192.168.0.9', '', '', '{}', 1, 0, 0, 1, 60, 0, 1, 4, 10, 0)
SPECNET, PUBOK, RUNNING, UNKNOWN, BROKER_FAIL = 3, 4, 5, 6, 8

green = Pin(2, Pin.OUT, value=0)
channel = SynCom(
    ckin=Pin(19, Pin.IN),
    ckout=Pin(18, Pin.OUT, value=0),
    din=Pin(21, Pin.IN),
    dout=Pin(20, Pin.OUT, value=0),
    reset=Pin(16, Pin.OPEN_DRAIN, value=1),
)
count = 1
due = ticks_ms()


def say(*fields):
    channel.send(SEPARATOR.join(str(field) for field in fields))


def live():
    """One life of the modem: comes back when it has ended."""
    global count, due
    running = False
    unconfirmed = False
    say(*INIT)
    while True:
        text = channel.poll()
        if text is None:
            return 'the modem is silent'
        if running and not unconfirmed and ticks_diff(ticks_ms(), due) >= 0:
            say('p', 'result', count, 0, 1)
            unconfirmed = True
        if not text:
            continue
        fields = text.split(SEPARATOR)
        if fields[0] == 'u' and fields[1:2] == ['green']:
            green(1 if fields[2] == 'on' else 0)
        elif fields[0] == 't' and len(fields) > 1:
            status = int(fields[1])
            if status == SPECNET:
                say('1')
            elif status == RUNNING:
                running = True
                say('s', 'green', 1)
            elif status == PUBOK:
                unconfirmed = False
                count += 1
                due = ticks_add(due, 10_000)
            elif status in (UNKNOWN, BROKER_FAIL):
                return text
        elif fields[0] != 'u':
            # A modem that has started anew looks for the beginning.
            return 'the modem is out of step'


while True:
    if channel.start():
        print('modem lost:', live())
    else:
        print('no modem')
    sleep(1)
