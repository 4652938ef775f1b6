import { describe, expect, it } from "vitest";
import type { BridgeResponse } from "../../src/topics/index.ts";
import { World } from "./world.ts";

const node = "020000000001";
const config = { nodes: { [node]: { name: "shed", dialect: "link" } } } as const;

/** Asks the gateway as a program at the broker would, and gives its newest answer. */
async function ask(world: World, name: string, request: unknown, options = {}): Promise<BridgeResponse> {
  const text = typeof request === "string" ? request : JSON.stringify(request);
  await world.publish(`moteq/bridge/request/${name}`, text, options);
  const answers = world.broker.textsOn(`moteq/bridge/response/${name}`);
  return JSON.parse(answers.at(-1) ?? "{}") as BridgeResponse;
}

async function openWorld(): Promise<World> {
  const world = await World.open({ config });
  await world.say(node, '["cmd/#", 1]');
  return world;
}

describe("queue requests", () => {
  it("list what waits, and for one node", async () => {
    await using world = await openWorld();
    expect(await ask(world, "queue/list", "")).toEqual({ status: "ok", data: [] });
    await world.publish("cmd/a", "on");
    const summary = { node, name: "shed", queued: 1, bytes: 7, nextExpiry: null };
    expect(await ask(world, "queue/list", { transaction: 7 })).toEqual({
      transaction: 7,
      status: "ok",
      data: [summary],
    });
    expect(await ask(world, "queue/list", { node: "02:00:00:00:00:01" })).toMatchObject({ data: [summary] });
  });

  it("queue a message for one node, with a transaction that its fate tells", async () => {
    await using world = await openWorld();
    const request = { node: "shed", topic: "x", payload: "on", ttl: 60, priority: 9, transaction: "t1" };
    expect(await ask(world, "queue/add", request)).toEqual({
      transaction: "t1",
      status: "ok",
      data: { node, id: 0 },
    });
    const { data } = await ask(world, "queue/show", { node: "shed" });
    expect(data).toMatchObject({
      queued: 1,
      messages: [{ id: 0, topic: "x", payload: "on", priority: 9, policy: "fifo", transaction: "t1" }],
    });
    expect(await world.say(node, '["get"]')).toEqual(['["x", "on", false]']);
    const told = world.broker.textsOn("moteq/shed/fate").map((text) => JSON.parse(text) as object);
    expect(told.at(-1)).toMatchObject({ id: 0, topic: "x", fate: "acknowledged", transaction: "t1" });
  });

  it("do once what the broker brings twice, and answer twice", async () => {
    await using world = await openWorld();
    const request = { node: "shed", topic: "x", payload: "on", transaction: "t1" };
    const first = await ask(world, "queue/add", request);
    expect(await ask(world, "queue/add", request)).toEqual(first);
    expect(world.broker.textsOn("moteq/bridge/response/queue/add")).toHaveLength(2);
    expect(world.node(node)?.queued).toBe(1);
  });

  it("carry bytes that are no text", async () => {
    await using world = await openWorld();
    await ask(world, "queue/add", { node, topic: "x", payload: "00ff", encoding: "hex" });
    const { data } = await ask(world, "queue/show", { node });
    expect(data).toMatchObject({ messages: [{ payload: "00ff", encoding: "hex" }] });
  });

  it("drop messages by their numbers, and tell their fate", async () => {
    await using world = await openWorld();
    for (const topic of ["cmd/a", "cmd/b", "cmd/c"]) await world.publish(topic, "x");
    expect(await ask(world, "queue/drop", { node, ids: [1, 99] })).toMatchObject({
      data: { node, dropped: 1 },
    });
    await world.pass(10);
    const told = world.broker.textsOn("moteq/shed/fate").map((text) => JSON.parse(text) as object);
    expect(told.at(-1)).toMatchObject({ id: 1, topic: "cmd/b", fate: "dropped", reason: "flushed" });
    expect(await world.say(node, '["get"]')).toHaveLength(2);
  });

  it("flush a node's queue", async () => {
    await using world = await openWorld();
    for (const topic of ["cmd/a", "cmd/b", "cmd/c"]) await world.publish(topic, "x");
    expect(await ask(world, "queue/flush", { node })).toMatchObject({ data: { dropped: 3 } });
    expect(await world.say(node, '["get"]')).toEqual([]);
    expect(world.counters.deliveries).toEqual({ queued: 3, flushed: 3 });
  });
});

describe("a request", () => {
  it.each([
    ["queue/list", "no json", "gateway/bad-request", "a request is a JSON object, got no json"],
    ["queue/list", "[]", "gateway/bad-request", "a request is a JSON object, got []"],
    ["queue/show", {}, "gateway/bad-request", "node: is missing"],
    [
      "queue/show",
      { node: "shed", limit: 0, x: 1 },
      "gateway/bad-request",
      "limit: expected a whole number from 1 to 1000, got 0; x: there is no such key",
    ],
    [
      "queue/show",
      { node: "nobody" },
      "gateway/unknown-node",
      'no node is called "nobody", and none has that address',
    ],
    [
      "queue/add",
      { node: "shed", topic: "a/#", payload: "" },
      "gateway/bad-request",
      expect.stringContaining("topic: "),
    ],
    [
      "queue/add",
      { node: "shed", topic: "a", payload: "0", encoding: "hex" },
      "gateway/bad-request",
      "payload: expected hexadecimal digits",
    ],
    [
      "queue/add",
      { node: "shed", topic: "a", payload: "x".repeat(65_500) },
      "gateway/bad-request",
      expect.stringContaining("65536 bytes at most"),
    ],
    [
      "queue/clear",
      {},
      "gateway/unknown-request",
      expect.stringContaining("there is no request queue/clear"),
    ],
    ["toString", {}, "gateway/unknown-request", expect.stringContaining("there is no request toString")],
  ])("%s of %j is answered with what is wrong", async (name, request, code, error) => {
    await using world = await openWorld();
    const before = JSON.stringify(world.node(node)?.queued);
    expect(await ask(world, name, request)).toEqual({ status: "error", code, error });
    expect(JSON.stringify(world.node(node)?.queued)).toBe(before);
  });

  it("that is retained is refused with a warning", async () => {
    await using world = await openWorld();
    await world.publish("moteq/bridge/request/queue/list", "{}", { retain: true });
    await world.cut();
    await world.restore();
    const warnings = world.broker.textsOn("gw_status").filter((line) => line.includes("is ignored"));
    expect(warnings).toHaveLength(1);
    expect(world.counters.messages["request-refused"]).toBe(1);
  });

  it("is not for nodes, whatever they subscribe to", async () => {
    await using world = await openWorld();
    await world.say(node, '["#", 1]');
    await ask(world, "queue/list", {});
    expect(world.node(node)?.queued).toBe(0);
  });
});
