import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../src/gateway/index.ts";
import type { NodeFate, QueueContents } from "../../src/topics/index.ts";
import { WatchedBroker } from "./broker.ts";
import { World } from "./world.ts";

const node = "020000000001";
const name = "shed";
const nodes = { [node]: { name, dialect: "link" } } as const;

/** What was told of messages for the node: number, topic, fate, reason. */
function fates(world: World): unknown[] {
  return world.broker.textsOn(`moteq/${name}/fate`).map((text) => {
    const { id, topic, fate, reason } = JSON.parse(text) as NodeFate;
    return reason === undefined ? [id, topic, fate] : [id, topic, fate, reason];
  });
}

describe("the fate of a message for a node", () => {
  it("is queued, sent and acknowledged", async () => {
    await using world = await World.open({ config: { nodes } });
    await world.say(node, '["cmd", 1]');
    await world.publish("cmd", "on");
    expect(fates(world)).toEqual([[0, "cmd", "queued"]]);
    await world.say(node, '["get"]');
    expect(fates(world)).toEqual([
      [0, "cmd", "queued"],
      [0, "cmd", "sent"],
      [0, "cmd", "acknowledged"],
    ]);
    const [text = ""] = world.broker.textsOn(`moteq/${name}/fate`);
    const { at } = JSON.parse(text) as NodeFate;
    expect(Date.parse(at)).toBeGreaterThan(0);
  });

  it("is superseded where only the latest counts", async () => {
    const policies = [{ topic: "cmd/#", policy: "latest" }] as const;
    await using world = await World.open({ config: { nodes, policies } });
    await world.say(node, '["cmd/#", 1]');
    await world.say(node, '["other", 1]');
    for (const topic of ["cmd/a", "cmd/b", "cmd/a", "other", "other"]) await world.publish(topic, "x");
    expect(fates(world)).toContainEqual([0, "cmd/a", "superseded"]);
    expect(await world.say(node, '["get"]')).toHaveLength(4);
    expect(world.counters.deliveries).toEqual({ queued: 5, superseded: 1, acknowledged: 4 });
  });

  it("is expired when its time is over, though nobody asks", async () => {
    await using world = await World.open({ config: { nodes, policies: [{ topic: "cmd", ttl: 60 }] } });
    await world.say(node, '["cmd", 1]');
    await world.say(node, '["other", 1]');
    await world.publish("cmd", "on");
    await world.publish("other", "kept");
    await world.pass(59_000);
    expect(world.counters.deliveries).toEqual({ queued: 2 });
    await world.pass(2000);
    expect(fates(world)).toContainEqual([0, "cmd", "expired"]);
    expect(await world.say(node, '["get"]')).toEqual(['["other", "kept", false]']);
  });

  it.each([
    ["the message expiry that it came with", 60, undefined, 60],
    ["the shorter of that and the policy's ttl", 60, 90, 60],
    ["the policy's ttl, if that is the shorter", 90, 60, 60],
    ["none, if it is over", 0, 60, 0],
  ])("is expired after %s", async (_what, messageExpiryInterval, ttl, seconds) => {
    const policies = ttl === undefined ? [] : [{ topic: "cmd", ttl }];
    await using world = await World.open({ config: { nodes, policies } });
    await world.say(node, '["cmd", 1]');
    const payload = Uint8Array.of(120);
    void world.gateway.receive({
      topic: "cmd",
      payload,
      retain: false,
      properties: { messageExpiryInterval },
    });
    await world.pass(Math.max(0, seconds * 1000 - 100));
    expect(world.counters.deliveries).toEqual({ queued: 1 });
    // Looked for once a second.
    await world.pass(1100);
    expect(world.counters.deliveries).toEqual({ queued: 1, expired: 1 });
  });

  it.each([6_000_000, -6_000_000])(
    "is expired in its time although the clock is stepped by %d ms",
    async (byMs) => {
      await using world = await World.open({ config: { nodes } });
      await world.say(node, '["get"]');
      await world.ask("queue/add", { node, topic: "long", payload: "x", ttl: 600 });
      await world.pass(60_000);
      world.clock.step(byMs);
      await world.ask("queue/add", { node, topic: "short", payload: "x", ttl: 60 });
      const { data } = await world.ask("queue/show", { node });
      const { messages } = data as QueueContents;
      const ends = messages.map(({ expiresAt }) => Date.parse(expiresAt ?? "") - world.clock.now());
      expect(ends.map((leftMs) => Math.round(leftMs / 1000))).toEqual([540, 60]);
      await world.pass(59_000);
      expect(world.counters.deliveries).toEqual({ queued: 2 });
      await world.pass(3000);
      expect(world.counters.deliveries).toEqual({ queued: 2, expired: 1 });
      await world.pass(475_000);
      expect(world.node(node)?.queued).toBe(1);
      await world.pass(10_000);
      expect(world.node(node)?.queued).toBe(0);
    },
  );

  it("is expired by the clock where that was set right after a restart", async () => {
    await using world = await World.open({ config: { nodes } });
    await world.say(node, '["get"]');
    await world.ask("queue/add", { node, topic: "t", payload: "x", ttl: 600 });
    await world.restart();
    world.clock.step(3_600_000);
    expect(await world.say(node, '["get"]')).toEqual([]);
    expect(world.counters.deliveries).toEqual({ expired: 1 });
  });

  it("is dropped where more come than there is room for: the lowest priority first", async () => {
    const policies = [{ topic: "x/alarm", priority: 9 }];
    await using world = await World.open({ config: { nodes, policies, qlen: 2 } });
    await world.say(node, '["x/#", 1]');
    for (const topic of ["x/alarm", "x/a", "x/b", "x/alarm"]) await world.publish(topic, "x");
    expect(fates(world)).toEqual(
      expect.arrayContaining([
        [1, "x/a", "dropped", "queue-full"],
        [2, "x/b", "dropped", "queue-full"],
      ]),
    );
    await world.publish("x/c", "x");
    expect(fates(world)).toContainEqual([undefined, "x/c", "refused", "queue-full"]);
    expect(await world.say(node, '["get"]')).toEqual(['["x/alarm", "x", false]', '["x/alarm", "x", false]']);
  });

  it("is refused for what no queue can hold", async () => {
    await using world = await World.open({ config: { nodes, limits: { queue_bytes: 256 } } });
    await world.say(node, '["cmd", 1]');
    await world.publish("cmd", "x".repeat(300));
    expect(fates(world)).toEqual([[undefined, "cmd", "refused", "too-long"]]);
  });

  it("is told after the outage in which it was met, by another gateway too", async () => {
    const store = new MemoryStore();
    const broker = await WatchedBroker.start();
    const options = { config: { nodes, policies: [{ topic: "cmd", ttl: 60 }] }, store, broker };
    const first = await World.open(options);
    await first.say(node, '["cmd", 1]');
    await first.publish("cmd", "on");
    await first.cut();
    await first.pass(61_000);
    expect(fates(first)).toEqual([[0, "cmd", "queued"]]);
    await first.until(first.gateway.close());
    await first.until(first.client.close());
    broker.restore();
    await using second = await World.open(options);
    await second.pass(1000);
    expect(fates(second)).toEqual([
      [0, "cmd", "queued"],
      [0, "cmd", "expired"],
    ]);
  });

  it("is met at a start by what waits beyond the bounds of today", async () => {
    const store = new MemoryStore();
    const broker = await WatchedBroker.start();
    const first = await World.open({ config: { nodes }, store, broker });
    await first.say(node, '["x/#", 1]');
    for (const topic of ["x/a", "x/b", "x/c", "x/d"]) await first.publish(topic, "x");
    await first.until(first.gateway.close());
    await first.until(first.client.close());
    await using second = await World.open({ config: { nodes, qlen: 2 }, store, broker });
    await second.pass(1000);
    expect(second.counters.deliveries).toEqual({ "queue-full": 2 });
    expect(fates(second)).toContainEqual([0, "x/a", "dropped", "queue-full"]);
    expect(await second.say(node, '["get"]')).toHaveLength(2);
  });

  it("is not told where that is switched off, yet counted", async () => {
    await using world = await World.open({ config: { nodes, fates: false, qlen: 1 } });
    await world.say(node, '["cmd", 1]');
    await world.publish("cmd", "1");
    await world.publish("cmd", "2");
    await world.say(node, '["get"]');
    expect(fates(world)).toEqual([]);
    expect(world.counters.deliveries).toEqual({ queued: 2, "queue-full": 1, acknowledged: 1 });
  });

  it("is counted when too many wait for the broker", async () => {
    await using world = await World.open({ config: { nodes, qlen: 1, limits: { fates: 3 } } });
    await world.say(node, '["cmd", 1]');
    for (let count = 0; count < 2; count++) await world.publish("cmd", "x");
    await world.cut();
    for (let count = 0; count < 10; count++) {
      void world.gateway.receive({ topic: "cmd", payload: new Uint8Array(1), retain: false });
    }
    await world.pass(10);
    expect(world.counters.fates).toMatchObject({ dropped: 7 });
    await world.restore();
    expect(world.counters.fates).toEqual({ told: 4, dropped: 7 });
  });

  it("never comes to a node, so that none gives rise to another", async () => {
    await using world = await World.open({ config: { nodes, lpmode: false } });
    await world.say(node, '["#", 1]');
    await world.publish("cmd", "x");
    await world.pass(10_000);
    expect(world.counters.deliveries).toEqual({ queued: 1, acknowledged: 1 });
  });
});
