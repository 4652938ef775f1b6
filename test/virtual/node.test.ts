import { describe, expect, it } from "vitest";
import { createSeededRandom, randomInteger, sleep } from "../../src/base/index.ts";
import { Gateway, MemoryStore } from "../../src/gateway/index.ts";
import {
  Air,
  createDemoWorld,
  type NodeEvent,
  type NodeProgram,
  VirtualClock,
  VirtualNode,
  type WakeSchedule,
} from "../../src/virtual/index.ts";
import { createMemoryBroker, createNodeClock } from "../support/memory-broker.ts";
import { MqttClient } from "../../src/mqtt/index.ts";

function createNode(schedule: WakeSchedule, program: NodeProgram) {
  const clock = new VirtualClock();
  const air = new Air({ clock, random: createSeededRandom(1) });
  const radio = air.join({ address: "020000000001", awake: false });
  const gateway = air.join({ address: "020000000002" });
  const node = new VirtualNode({
    name: "node",
    radio,
    gateway: gateway.address,
    clock,
    random: createSeededRandom(2),
    schedule,
    program,
  });
  const events: NodeEvent[] = [];
  node.observe((event) => events.push(event));
  return { clock, node, radio, gateway, events };
}

const pausing: NodeProgram = {
  dialect: "link",
  run: (_node, { clock, signal }) => sleep(clock, 100, signal),
};

describe("a virtual node", () => {
  it("wakes by its schedule and is deaf in between", async () => {
    const { clock, node, radio, gateway, events } = createNode({ sleepMs: 900 }, pausing);
    node.start();
    await clock.advance(50);
    expect(await clock.runUntil(gateway.send(radio.address, new Uint8Array(1)))).toBe(true);
    await clock.advance(100);
    expect(await clock.runUntil(gateway.send(radio.address, new Uint8Array(1)))).toBe(false);
    await clock.advance(9900 - clock.monotonic());
    expect(events.filter(({ type }) => type === "woke")).toHaveLength(10);
    expect(node.lastWake?.awakeMs).toBeCloseTo(100, 6);
    await clock.runUntil(node.close());
  });

  it("starts anew after its program threw, and tells that", async () => {
    const { clock, node, events } = createNode("continuous", {
      dialect: "prototype",
      run: () => Promise.reject(new Error("a defect in the program")),
    });
    node.start();
    await clock.advance(5000);
    const failures = events.filter((event) => event.type === "failed");
    expect(failures.length).toBeGreaterThan(2);
    expect(failures[0]).toMatchObject({ message: "a defect in the program" });
    await clock.runUntil(node.close());
  });

  it.each([0, 50, 500])("closes at any moment (%i ms)", async (atMs) => {
    const { clock, node } = createNode({ sleepMs: 900 }, pausing);
    node.start();
    await clock.advance(atMs);
    await clock.runUntil(node.close(), 10);
    await clock.runUntil(node.close(), 10);
  });
});

describe("the demo world", () => {
  it("has seven nodes that all come through, and does the same again from the same seed", async () => {
    const first = await live();
    expect(first.names).toEqual(["light", "subscriber", "shed", "attic", "walker", "lamp", "cellar"]);
    expect(first.report.nodes).toHaveLength(7);
    expect(first.report.nodes.every(({ counters }) => counters.uplinks > 0)).toBe(true);
    expect(first.colour).toBe("green");
    expect(first.trace.filter((line) => line.includes('"failed"'))).toEqual([]);
    expect((await live()).trace).toEqual(first.trace);
  });
});

/** Lets its seven nodes live for ninety seconds with a real gateway and a real broker. */
async function live(): Promise<{
  trace: string[];
  report: ReturnType<Gateway["report"]>;
  names: string[];
  colour: string | undefined;
}> {
  const clock = createNodeClock();
  await using broker = await createMemoryBroker();
  const world = createDemoWorld({ clock, random: createSeededRandom(3) });
  const random = createSeededRandom(5);
  const trace: string[] = [];
  for (const node of world.nodes) {
    node.observe((event) => {
      if (event.type !== "sent") trace.push(JSON.stringify(event));
    });
  }
  const client = new MqttClient({
    open: broker.open,
    clock,
    random: createSeededRandom(4),
    onMessage: (message) => gateway.receive(message),
    onStatus: (status) => gateway.brokerStatus(status),
  });
  const gateway = new Gateway({
    radio: world.gatewayRadio,
    client,
    store: new MemoryStore(),
    clock,
    randomBytes: (length) => Uint8Array.from({ length }, () => randomInteger(random, 0, 255)),
    config: { classic: "open", lpmode: false },
  });
  await gateway.start();
  client.start();
  world.start();
  await clock.advance(30_000);
  await clock.runUntil(client.publish("allnodes", "green", { qos: 1 }));
  // Until then the native one asks in vain.
  const window = JSON.stringify({ seconds: 60, code: false });
  await clock.runUntil(client.publish("moteq/bridge/request/join/open", window, { qos: 1 }));
  await clock.advance(60_000);
  const result = {
    trace,
    report: gateway.report(),
    names: world.nodes.map(({ name }) => name),
    colour: world.nodes.find(({ name }) => name === "lamp")?.colour,
  };
  await clock.runUntil(
    Promise.all([world.close(), gateway.close(), client.close(), world.gatewayRadio.close()]),
  );
  return result;
}
