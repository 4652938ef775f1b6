import { fromSensor, onlyEvents, output, Schedule, toMqtt } from "moteq/flow";
import { connect } from "moteq/mqtt";
import { systemClock, systemRandom } from "moteq/node";
import { createLightModel, SimulatedSensor } from "moteq/virtual";
import { take } from "rxjs";

// On a Linux board with a light sensor: openIioLight() of moteq/node.
const sensor = new SimulatedSensor(createLightModel({ clock: systemClock, random: systemRandom }));
const client = connect(process.env["BROKER"] ?? "mqtt://127.0.0.1:1883");

// Sampled once every two seconds, however many listen.
const schedule = new Schedule({ clock: systemClock });
const lux = fromSensor(sensor, {
  id: "lux-1",
  every: 2000,
  schedule,
  pick: ({ illuminance }) => illuminance,
}).pipe(onlyEvents(), take(Number(process.env["COUNT"] ?? Infinity)));

const toBroker = toMqtt(client, "test-topic");
lux.subscribe(output((line) => console.log(line)));
lux.subscribe(toBroker);

await toBroker.done;
await client.close();
