# A climate board that reaches MQTT by radio: a DHT22 whose data pin is on GPIO14 and an LED on GPIO2. Publishes
# temperature and humidity every five seconds, and switches the LED on "on" and "off" at the topic "output".
# Copy it to the node as main.py, together with link.py, parts.py and settings.py.
from dht import DHT22
from link import BROKER_OUT, NO_RADIO, OK, Link
from machine import Pin
from settings import CHANNEL, GATEWAY
from time import sleep_ms

sensor = DHT22(Pin(14))
led = Pin(2, Pin.OUT, value=0)
link = None
channel = CHANNEL


def connect():
    """The link to the gateway, on whatever channel that is; None while it cannot be heard."""
    global link, channel
    try:
        found = Link(GATEWAY, channel)
        # The ping also tells the gateway which dialect this node speaks, so that it answers.
        if found.ping() in (OK, BROKER_OUT) and found.subscribe("output", 1):
            link = found
    except OSError:
        channel = None  # it is not where it should be: look on all channels


def handle(topic, message, retained):
    if topic == "output" and message in ("on", "off"):
        led.value(message == "on")


while True:
    if link is None:
        connect()
    if link is not None:
        try:
            sensor.measure()
            text = "t={:.1f}C, h={:.1f}%.".format(sensor.temperature(), sensor.humidity())
            if link.publish("testincr", text, False, 1) == NO_RADIO:
                link = None
        except OSError:
            print("no sensor")  # pulled off: it may come back
    for _ in range(5):
        if link is not None:
            link.get(handle)
        sleep_ms(800)
