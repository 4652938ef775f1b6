import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import { MemoryStore } from "../../src/gateway/index.ts";
import type { BridgeEvent, NodeState } from "../../src/topics/index.ts";
import { WatchedBroker } from "./broker.ts";
import { World } from "./world.ts";

const node = "020000000001";
const hour = 3_600_000;
const nodes = { [node]: { name: "shed", dialect: "link", wake: 3600 } } as const;

function page(world: World, name = "shed"): NodeState {
  return JSON.parse(world.broker.textsOn(`moteq/${name}`).at(-1) ?? "{}") as NodeState;
}

function availability(world: World, name = "shed"): string[] {
  return world.broker
    .textsOn(`moteq/${name}/availability`)
    .map((text) => (JSON.parse(text) as { state: string }).state);
}

function events(world: World): string[] {
  return world.broker
    .textsOn("moteq/bridge/event")
    .map((text) => JSON.parse(text) as BridgeEvent)
    .map(({ type, name }) => `${type} ${name}`);
}

describe("a node with a wake contract", () => {
  it("is awake, asleep on schedule, overdue, and back", async () => {
    await using world = await World.open({ config: { nodes } });
    await world.say(node, '["ping"]');
    expect(page(world)).toMatchObject({
      state: "awake",
      lastSeen: "2026-11-20T09:05:00.050Z",
      nextWake: "2026-11-20T10:05:00.050Z",
      missedWakes: 0,
    });
    await world.pass(120_000);
    expect(page(world).state).toBe("asleep");
    await world.pass(hour);
    expect(page(world)).toMatchObject({ state: "asleep", missedWakes: 0 });
    // A quarter of its period late is late.
    await world.pass(hour / 4);
    expect(page(world)).toMatchObject({ state: "overdue", missedWakes: 1 });
    expect(availability(world).at(-1)).toBe("offline");
    await world.say(node, '["ping"]');
    expect(page(world)).toMatchObject({ state: "awake", missedWakes: 0 });
    expect(availability(world).at(-1)).toBe("online");
    expect(events(world)).toEqual(["node_joined shed", "node_overdue shed", "node_back shed"]);
  });

  it("may be as late as the settings say", async () => {
    const patient = { [node]: { ...nodes[node], wake_tolerance: 7200 } };
    await using world = await World.open({ config: { nodes: patient } });
    await world.say(node, '["ping"]');
    await world.pass(2.9 * hour);
    expect(page(world).state).toBe("asleep");
    await world.pass(0.2 * hour);
    expect(page(world).state).toBe("overdue");
  });

  it("is overdue although the gateway was started anew meanwhile, and although the clock was stepped", async () => {
    const store = new MemoryStore();
    const broker = await WatchedBroker.start();
    const first = await World.open({ config: { nodes }, store, broker });
    await first.say(node, '["ping"]');
    await first.until(first.gateway.close());
    await first.until(first.client.close());
    await using second = await World.open({ config: { nodes }, store, broker });
    await second.pass(1.3 * hour);
    expect(second.node(node)?.state).toBe("overdue");
  });

  it("is overdue though it was never heard, counted from when it was let in, and from each start", async () => {
    await using world = await World.open({ config: { nodes } });
    await world.pass(5 * hour);
    await world.ask("node/allow", { address: node });
    await world.pass(1.2 * hour);
    expect(availability(world).at(-1)).toBe("online");
    await world.pass(0.1 * hour);
    expect(page(world).state).toBe("overdue");
    expect(availability(world).at(-1)).toBe("offline");
    await world.restart();
    expect(availability(world).at(-1)).toBe("online");
    await world.pass(1.3 * hour);
    expect(availability(world).at(-1)).toBe("offline");
    await world.say(node, '["ping"]');
    expect(availability(world).at(-1)).toBe("online");
  });

  it("that never sleeps is overdue after minutes", async () => {
    await using world = await World.open({ config: { nodes: { [node]: { name: "shed", wake: 0 } } } });
    await world.say(node, '["ping"]');
    expect(page(world).nextWake).toBeNull();
    await world.pass(100_000);
    expect(page(world).state).toBe("overdue");
  });
});

describe("when a node was last seen", () => {
  it("goes on while it sends without a pause", async () => {
    await using world = await World.open({ config: { nodes } });
    const { radio } = world.at(node);
    for (let count = 0; count < 200; count++) {
      await world.until(radio.send("02006d6f7465", encodeUtf8('["ping"]')));
      await world.pass(30);
    }
    const seen = Date.parse(page(world).lastSeen ?? "");
    expect(world.clock.now() - seen).toBeLessThan(1500);
  });

  it("is known of one that had taken a message before it was ever heard", async () => {
    await using world = await World.open({ config: { classic: "closed", lpmode: false } });
    const { radio } = world.at(node);
    await world.ask("node/allow", { address: node });
    await world.ask("queue/add", { node, topic: "t", payload: "x" });
    expect(world.node(node)).toMatchObject({ queued: 0, lastSeen: null });
    await world.until(radio.send("02006d6f7465", encodeUtf8('["ping"]')));
    await world.pass(10);
    expect(world.node(node)?.lastSeen).not.toBeNull();
    expect(world.node(node)?.energy.wakes).toBe(1);
  });
});

describe("a node without one", () => {
  it("is never overdue", async () => {
    await using world = await World.open({ config: { nodes: { [node]: { name: "shed" } } } });
    await world.say(node, '["ping"]');
    await world.pass(10 * 24 * hour);
    expect(world.node(node)).toMatchObject({ state: "asleep", nextWake: null, missedWakes: 0 });
    expect(availability(world)).toEqual(["online"]);
  });
});

describe("a node's page", () => {
  it("shows what it last published, by topic, as numbers, texts and JSON", async () => {
    await using world = await World.open({ config: { nodes } });
    await world.say(node, '["t", "21.5", false, 0]');
    await world.say(node, '["door", "open", false, 0]');
    await world.say(node, '["both", "{\\"a\\":1}", false, 0]');
    await world.pass(1500);
    expect(page(world).readings).toEqual({ t: 21.5, door: "open", both: { a: 1 } });
  });

  it("is published once a second at the most, retained", async () => {
    await using world = await World.open({ config: { nodes } });
    for (let count = 0; count < 20; count++) await world.say(node, `["t", "${count}", false, 0]`);
    await world.pass(2000);
    const pages = world.broker.taken.filter(({ topic }) => topic === "moteq/shed");
    expect(pages.length).toBeGreaterThan(3);
    expect(pages.length).toBeLessThan(8);
    expect(pages.every(({ retain }) => retain)).toBe(true);
    expect(page(world).readings).toEqual({ t: 19 });
  });

  it("is bounded, whatever a node publishes", async () => {
    await using world = await World.open({ config: { nodes } });
    for (let count = 0; count < 30; count++) await world.say(node, `["t/${count}", "1", false, 0]`);
    await world.say(node, JSON.stringify(["long", "x".repeat(200), false, 0]));
    await world.pass(1500);
    expect(Object.keys(page(world).readings)).toHaveLength(8);
  });

  it("is published anew when the broker is back", async () => {
    await using world = await World.open({ config: { nodes } });
    await world.say(node, '["t", "1", false, 0]');
    await world.pass(1500);
    await world.cut();
    world.broker.taken.length = 0;
    await world.restore();
    expect(page(world).readings).toEqual({ t: 1 });
    expect(availability(world)).toEqual(["online"]);
  });
});

describe("a node's energy account", () => {
  it("counts wakes, time awake and on the air, and says what that makes in a year", async () => {
    await using world = await World.open({ config: { nodes } });
    for (let wake = 0; wake < 25; wake++) {
      await world.say(node, '["t", "1", false, 0]');
      await world.say(node, '["t", "2", false, 0]');
      await world.pass(hour - 300);
    }
    const energy = world.node(node)?.energy;
    expect(energy?.wakes).toBe(25);
    // Two frames 150 ms apart, 24 times asleep between them.
    expect(energy?.awake).toBeGreaterThan(3.7);
    expect(energy?.awake).toBeLessThan(4);
    expect(energy?.sending).toBeLessThan(0.1);
    // 20 µA asleep are 175 mAh a year, 80 mA for 3.8 s a day 31 more.
    expect(energy?.mAhPerYear).toBeGreaterThan(195);
    expect(energy?.mAhPerYear).toBeLessThan(215);
  });
});
