# Runs on mains: publishes a count every five seconds, asks for messages every second, and looks for the gateway when
# it is gone.
# Copy it to the node as main.py, together with link.py, parts.py and settings.py.
from link import BROKER_OUT, NO_RADIO, OK, Link
from settings import CHANNEL, GATEWAY
from time import sleep, sleep_ms

FAILURES_BEFORE_SCAN = 3


def start():
    channel = CHANNEL
    while True:
        try:
            link = Link(GATEWAY, channel)
            # The ping also tells the gateway which dialect this node speaks, so that it answers.
            if link.ping() in (OK, BROKER_OUT) and link.subscribe("echo", 1):
                return link
        except OSError:
            pass
        channel = None  # it is not where it should be: look on all channels
        sleep(5)


def handle(topic, message, retained):
    print("received", topic, message)
    if topic == "echo":
        link.publish("echoed", message)


link = start()
count = 0
failures = 0
while True:
    count += 1
    result = link.publish("count", str(count), False, 1)
    if result not in (OK, BROKER_OUT):
        print("lost", count)
    failures = failures + 1 if result == NO_RADIO else 0
    if failures >= FAILURES_BEFORE_SCAN:
        link = start()
        failures = 0
    for _ in range(5):
        link.get(handle)
        sleep_ms(800)
