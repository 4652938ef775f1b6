import { MqttLink, SerialWire } from "moteq/link";
import { parseLine, systemClock as clock, systemRandom as random } from "moteq/node";

// On a board this is its UART: serial:/dev/ttyS0
const open = parseLine(process.env["WIRE"] ?? "tcp:127.0.0.1:4700");

const link = new MqttLink({
  wire: new SerialWire({ open, clock, random }),
  clock,
  random,
  will: { topic: "greenhouse/state", message: "gone", retain: true },
  userStart: () => link.publish("greenhouse/state", "here", { retain: true }),
});

const switched = new Promise<void>((resolve) => {
  const onLamp = (topic: string, payload: Uint8Array) => {
    console.log(topic, new TextDecoder().decode(payload));
    resolve();
  };
  link.subscribe("greenhouse/lamp", onLamp, { qos: 1 });
});

link.start();
link.publish("greenhouse/lamp", "on", { qos: 1 });
await switched;
await link.close();
