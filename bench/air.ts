import { createSeededRandom, randomInteger } from "moteq/base";
import { Gateway, MemoryStore } from "moteq/gateway";
import { type LinkNode, NativeNode, type PrototypeNode } from "moteq/mote";
import { Air, measureWake as measureRadio, VirtualClock, VirtualNode, type NodeProgram } from "moteq/virtual";
import { openJoinSecret } from "moteq/wire";
import { encodeUtf8 } from "moteq/base";
// The gateway's end of the native dialect has no door of its own.
import { NativePeer } from "../dist/gateway/native/index.js";
import { type Benchmark, type Measurement, summarize } from "./measurement.js";

/** Whoever asks may join, at any time. */
const openJoin = { secret: openJoinSecret, code: undefined, until: Infinity };
const address = { gateway: "02006d6f7465", node: "020000000001" };
const payload = encodeUtf8("x".repeat(20));

type ClassicProgram = Extract<NodeProgram, { dialect: "link" | "prototype" }>;

/** Radio-on time of a wake that publishes 20 bytes, in milliseconds of the simulated air. */
async function measureWake(program: ClassicProgram, waiting: number): Promise<number> {
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
    ping: () => Promise.resolve(),
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

const prototype: ClassicProgram = {
  dialect: "prototype",
  async run(node: PrototypeNode, { receive }) {
    await node.publish("light", payload);
    await node.listen(receive);
  },
};

const link: ClassicProgram = {
  dialect: "link",
  async run(node: LinkNode, { receive }) {
    await node.publish("light", payload);
    await node.get(receive);
  },
};

const publishOnly: ClassicProgram = {
  dialect: "link",
  async run(node: LinkNode) {
    await node.publish("light", payload);
  },
};

/** Radio-on time of a wake in the native dialect, in milliseconds; the gateway's store takes no time, as above. */
async function measureNativeWake(waiting: number): Promise<number> {
  const clock = new VirtualClock({ settle: () => new Promise((resolve) => setImmediate(resolve)) });
  const chance = createSeededRandom(1);
  const randomBytes = (length: number) => Uint8Array.from({ length }, () => randomInteger(chance, 0, 255));
  const air = new Air({ clock, random: chance });
  const gatewayRadio = air.join({ address: address.gateway, hostLatencyMs: 1, receiveBufferBytes: 16_384 });
  const radio = air.join({ address: address.node, x: 5, receiveBufferBytes: 2048 });
  const peer = new NativePeer({ node: address.node, gateway: address.gateway, randomBytes });
  const message = { topic: "allnodes", payload: encodeUtf8("y".repeat(30)), retained: false };
  let queue: { sequence: number; topic: string; payload: Uint8Array; retained: boolean }[] = [];
  gatewayRadio.listen(({ bytes }) => {
    let receipt = peer.receive(bytes);
    if (receipt.type === "join") receipt = peer.join(bytes, [openJoin]);
    if (receipt.type === "handshake") void gatewayRadio.send(address.node, receipt.frame);
    if (receipt.type !== "uplink") return;
    peer.settle(receipt.items.map(() => "stored"));
    const { came } = receipt;
    queue = queue.filter(({ sequence }) => !came.includes(sequence));
    peer.committed();
    const situation = { time: clock.now(), brokerOut: false, messages: queue, waiting: queue.length };
    for (const frame of peer.send(situation).frames) void gatewayRadio.send(address.node, frame);
  });
  const options = { radio, clock, gateway: address.gateway, randomBytes };
  const joining = new NativeNode(options);
  await clock.runUntil(joining.join());
  await clock.runUntil(joining.publish("light", payload));
  const state = joining.save();
  queue = Array.from({ length: waiting }, (_, index) => ({ sequence: index, ...message }));
  radio.sleep();
  await clock.advance(60_000);
  const wake = measureRadio(radio, async () => {
    await new NativeNode({ ...options, state }).publish("light", payload, { receive: () => {} });
  });
  const { awakeMs } = await clock.runUntil(wake);
  await clock.advance(10);
  if (queue.length > 0) throw new Error(`${queue.length} messages did not arrive`);
  return awakeMs;
}

/** What a wake costs the node's battery in each dialect, on the simulated air. */
export const air: Benchmark = {
  name: "air",
  description: "radio-on time of a wake in each dialect, on the simulated air",
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
    for (const waiting of [0, 3]) {
      progress(`native, ${waiting} waiting`);
      const what = waiting === 0 ? "nothing waiting" : `${waiting} messages of 30 bytes waiting`;
      const awakeMs = await measureNativeWake(waiting);
      const bar = { of: "ours", atMost: waiting === 0 ? 5 : 8 } as const;
      results.push(
        summarize(`wake, native: publish 20 bytes, ${what}`, "ms radio on", [awakeMs], undefined, bar),
      );
    }
    progress("link, publish only");
    const awakeMs = await measureWake(publishOnly, 0);
    results.push(
      summarize("wake, link: publish 20 bytes until ACK, not listening", "ms radio on", [awakeMs]),
    );
    return results;
  },
};
