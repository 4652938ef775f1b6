// A Raspberry Pi with a DHT22 (dtoverlay=dht11,gpiopin=4), an LED (dtoverlay=gpio-led,gpio=17,label=climate) and an
// SSD1306 on the I2C bus 1; docs/guide/climate.md shows the wiring. `moteq climate` does the same from the command line.
import { ClimateApplication, createClimateWill } from "moteq/climate";
import { Ssd1306Display } from "moteq/device";
import { connect } from "moteq/mqtt";
import { openI2c, openIioClimate, openLed, systemClock } from "moteq/node";

const sys = process.env["SYS"] ?? "/sys";
const options = { everyMs: 5000, readings: "testincr", output: "output" };

const sensor = openIioClimate({ root: `${sys}/bus/iio/devices` });
const led = openLed({ name: "climate", root: `${sys}/class/leds` });
const display = new Ssd1306Display({
  i2c: openI2c({ bus: 1, address: 0x3c, tool: process.env["I2CTRANSFER"] ?? "i2ctransfer" }),
});

const client = connect(process.env["BROKER"] ?? "mqtt://127.0.0.1:1883", {
  clientId: "climate",
  clean: false,
  will: createClimateWill(options),
});
const application = new ClimateApplication({
  link: client,
  clock: systemClock,
  sensor,
  led,
  display,
  options,
  log: (level, text) => console.log(`${level}: ${text}`),
});
application.start();

const end = () => void application.close().then(() => client.close());
process.once("SIGINT", end);
process.once("SIGTERM", end);

// Until the client was closed.
for await (const status of client.status()) application.brokerStatus(status);
await display.close();
