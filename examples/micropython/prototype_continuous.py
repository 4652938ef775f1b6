# Runs on mains: publishes a count every five seconds, until the gateway says that it has it, and takes messages as
# they come.
# Copy it to the node as main.py, together with common.py, parts.py and settings.py.
import json

from common import espnow, gateway, subscribe
from parts import Parts
from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

ACKNOWLEDGE = 4  # added to the qos: the gateway is to answer
PERIOD_MS = 5000
TRIES = 3

parts = Parts()


def handle(topic, message):
    print("received", topic, message)
    if topic == "echo":
        publish("echoed", message, False, 0)


def take(frame):
    """Deal with one frame of the gateway's; "ACK" or "OUT" if it is an answer to a publication."""
    try:
        content = json.loads(frame)
    except ValueError:
        return None
    if len(content) == 2:
        return content[0]
    topic, message = parts.add(content[0], content[1])
    if topic is not None:
        handle(topic, message)
    return None


def publish(topic, message, retain, qos):
    """Send a publication without waiting. True if the gateway's radio has heard it."""
    try:
        return espnow.send(gateway, json.dumps([topic, message, retain, qos]))
    except OSError:
        return False


def listen(duration_ms):
    """Take messages for a while; stops early, with the answer, when the gateway answers a publication."""
    end = ticks_add(ticks_ms(), duration_ms)
    while True:
        left = ticks_diff(end, ticks_ms())
        if left <= 0:
            return None
        mac, frame = espnow.recv(left)
        if mac == gateway:
            answer = take(frame)
            if answer:
                return answer


def publish_surely(topic, message, retain, qos):
    for _ in range(TRIES):
        if publish(topic, message, retain, qos | ACKNOWLEDGE):
            answer = listen(300)
            if answer == "ACK":
                return True
            if answer == "OUT":  # no connection to the broker: trying again at once is of no use
                return False
        sleep_ms(50)
    return False


subscribe("echo", 1)
count = 0
while True:
    count += 1
    began = ticks_ms()
    if not publish_surely("count", str(count), False, 1):
        print("lost", count)
    while listen(PERIOD_MS - ticks_diff(ticks_ms(), began)):
        pass  # a late answer
