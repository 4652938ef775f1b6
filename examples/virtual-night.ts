import { createSeededRandom, encodeUtf8 } from "moteq/base";
import { Air, VirtualClock, VirtualNode } from "moteq/virtual";

// A node that wakes every ten minutes, behind a radio path that loses a third of the frames – for eight hours.
const clock = new VirtualClock();
const air = new Air({ clock, random: createSeededRandom(1), faults: { loss: 0.33 } });
const heard: string[] = [];
const gateway = air.join({ address: "02006d6f7465" });
gateway.listen(({ bytes }) => heard.push(new TextDecoder().decode(bytes)));

const node = new VirtualNode({
  name: "attic",
  radio: air.join({ address: "020000000001", x: 20 }),
  gateway: gateway.address,
  clock,
  random: createSeededRandom(2),
  schedule: { sleepMs: 600_000 },
  program: {
    dialect: "prototype",
    async run(mote) {
      await mote.publish("attic", encodeUtf8("21.5"));
    },
  },
});
node.start();
await clock.advance(8 * 3_600_000);

const wakes = 48;
console.log(`${heard.length} of ${wakes} readings came through; the first: ${heard[0]}`);
console.log(`the last wake took ${node.lastWake?.awakeMs.toFixed(1)} ms`);
await node.close();
