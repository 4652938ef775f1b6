import { createSeededRandom } from "moteq/base";
import { Gateway, MemoryStore } from "moteq/gateway";
import type { LinkNode, PrototypeNode } from "moteq/mote";
import { Air, VirtualClock, VirtualNode, type NodeProgram } from "moteq/virtual";
import { encodeUtf8 } from "moteq/base";
import { type Benchmark, type Measurement, summarize } from "./measurement.js";

const address = { gateway: "02006d6f7465", node: "020000000001" };
const payload = encodeUtf8("x".repeat(20));

/** Radio-on time of a wake that publishes 20 bytes, in milliseconds of the simulated air. */
async function measureWake(program: NodeProgram, waiting: number): Promise<number> {
  const clock = new VirtualClock({ settle: () => new Promise((resolve) => setImmediate(resolve)) });
  const air = new Air({ clock, random: createSeededRandom(1) });
  // 2 ms for the way from dongle to host and back.
  const gatewayRadio = air.join({
    address: address.gateway,
    x: 0,
    y: 0,
    hostLatencyMs: 1,
    receiveBufferBytes: 16_384,
  });
  const nodeRadio = air.join({ address: address.node, x: 5, y: 0, awake: false });
  // The broker takes everything at once: what is measured is the radio.
  const client = {
    connected: true,
    publish: () => Promise.resolve(),
    subscribe: () => Promise.resolve({ unsubscribe: () => Promise.resolve() }),
  };
  const gateway = new Gateway({
    radio: gatewayRadio,
    client,
    store: new MemoryStore(),
    clock,
    config: { nodes: { [address.node]: { dialect: program.dialect } } },
  });
  await gateway.start();
  const node = new VirtualNode({
    name: "node",
    radio: nodeRadio,
    gateway: address.gateway,
    clock,
    random: createSeededRandom(3),
    schedule: { sleepMs: 60_000 },
    program,
  });
  node.start();
  // The first wake makes the node known; the second is measured.
  await clock.advance(30_000);
  const message = { topic: "allnodes", payload: encodeUtf8("y".repeat(30)), retain: false };
  await clock.runUntil(Promise.all(Array.from({ length: waiting }, async () => gateway.receive(message))));
  await clock.advance(60_000);
  const awakeMs = node.lastWake?.awakeMs ?? Number.NaN;
  const closing = Promise.all([node.close(), gateway.close()]);
  await clock.runUntil(closing);
  return awakeMs;
}

const prototype: NodeProgram = {
  dialect: "prototype",
  async run(node: PrototypeNode, { receive }) {
    await node.publish("light", payload);
    await node.listen(receive);
  },
};

const link: NodeProgram = {
  dialect: "link",
  async run(node: LinkNode, { receive }) {
    await node.publish("light", payload);
    await node.get(receive);
  },
};

const publishOnly: NodeProgram = {
  dialect: "link",
  async run(node: LinkNode) {
    await node.publish("light", payload);
  },
};

/** What a wake costs the node's battery in both classic dialects, on the simulated air. */
export const air: Benchmark = {
  name: "air",
  description: "radio-on time of a wake in both classic dialects, on the simulated air",
  async run(progress) {
    const results: Measurement[] = [];
    for (const [name, program] of Object.entries({ prototype, link })) {
      for (const waiting of [0, 3]) {
        progress(`${name}, ${waiting} waiting`);
        const awakeMs = await measureWake(program, waiting);
        const what = waiting === 0 ? "nothing waiting" : `${waiting} messages of 30 bytes waiting`;
        results.push(summarize(`wake, ${name}: publish 20 bytes, ${what}`, "ms radio on", [awakeMs]));
      }
    }
    progress("link, publish only");
    const awakeMs = await measureWake(publishOnly, 0);
    results.push(
      summarize("wake, link: publish 20 bytes until ACK, not listening", "ms radio on", [awakeMs]),
    );
    return results;
  },
};
