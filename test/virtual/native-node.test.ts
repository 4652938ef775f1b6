import { describe, expect, it } from "vitest";
import { createNativeSensorProgram, type NodeEvent, VirtualNode } from "../../src/virtual/index.ts";
import { createNativeWorld, joinCode } from "../gateway/native/world.ts";

/** A native sensor that wakes once a minute. */
function createSensor(program = createNativeSensorProgram({ code: joinCode })) {
  const world = createNativeWorld();
  const { radio, clock, random, gatewayRadio } = world;
  const schedule = { sleepMs: 60_000 };
  const gateway = gatewayRadio.address;
  const node = new VirtualNode({ name: "cellar", radio, gateway, clock, random, schedule, program });
  const events: NodeEvent[] = [];
  node.observe((event) => events.push(event));
  node.start();
  return { ...world, node, events };
}

describe("a virtual native node", () => {
  it("keeps its session over its sleep, and wakes for a few milliseconds", async () => {
    const { node, clock, gateway, events, run } = createSensor();
    await clock.advance(600_000);
    expect(gateway.accepted.map(({ item }) => item.type)).toEqual([
      "contract",
      ...Array.from({ length: 10 }, () => "publish"),
    ]);
    expect(events.filter(({ type }) => type === "failed")).toEqual([]);
    expect(node.lastWake).toMatchObject({ framesSent: 1, framesReceived: 1 });
    expect(node.lastWake?.awakeMs).toBeLessThan(4);
    gateway.queue("020000000001", "set", "10");
    await clock.advance(60_000);
    expect(events.find(({ type }) => type === "received")).toMatchObject({ topic: "set", message: "10" });
    await run(node.close());
  });

  it("knows no more than its key after its program threw", async () => {
    const { program, calls } = (() => {
      const sensor = createNativeSensorProgram({ code: joinCode });
      const count = { runs: 0 };
      const throwing: typeof sensor = {
        dialect: "native",
        async run(node, context) {
          if (sensor.dialect === "native") await sensor.run(node, context);
          if (++count.runs === 2) throw new Error("a defect in the program");
        },
      };
      return { program: throwing, calls: count };
    })();
    const { node, clock, gateway, events, run } = createSensor(program);
    await clock.advance(250_000);
    expect(calls.runs).toBeGreaterThan(3);
    expect(events.filter(({ type }) => type === "failed")).toHaveLength(1);
    // It said hello once more, and took up the next number.
    expect(gateway.accepted.filter(({ item }) => item.type === "publish")).toHaveLength(calls.runs);
    expect(gateway.recordOf("020000000001").nextNumber).toBe(calls.runs + 1);
    await run(node.close());
  });
});
