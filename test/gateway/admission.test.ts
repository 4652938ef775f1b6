import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../src/gateway/index.ts";
import type { BridgeNode, BridgeResponse } from "../../src/topics/index.ts";
import { WatchedBroker } from "./broker.ts";
import { World } from "./world.ts";

const one = "020000000001";
const two = "020000000002";

async function ask(world: World, name: string, request: object): Promise<BridgeResponse> {
  await world.publish(`moteq/bridge/request/${name}`, JSON.stringify(request));
  await world.pass(10);
  return JSON.parse(world.broker.textsOn(`moteq/bridge/response/${name}`).at(-1) ?? "{}") as BridgeResponse;
}

function listed(world: World): BridgeNode[] {
  return JSON.parse(world.broker.textsOn("moteq/bridge/nodes").at(-1) ?? "[]") as BridgeNode[];
}

describe("a classic node that nobody has let in", () => {
  it("is not taken by default, which is said once with what to do", async () => {
    await using world = await World.open({ config: { classic: "closed" } });
    for (let count = 0; count < 5; count++) expect(await world.say(one, '["ping"]')).toEqual([]);
    expect(world.counters.frames).toEqual({ "not-allowed": 5 });
    const said = world.broker.textsOn("gw_status").filter((line) => line.includes("not taken"));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`moteq allow ${one}`);
    expect(world.gateway.report().nodes).toEqual([]);
  });

  it("is taken if it stands in the settings", async () => {
    await using world = await World.open({ config: { classic: "closed", nodes: { [one]: {} } } });
    expect(await world.say(one, '["ping"]')).toEqual(["UP"]);
    expect(await world.say(two, '["ping"]')).toEqual([]);
  });

  it("is taken after it was allowed by request, and after a restart too", async () => {
    const store = new MemoryStore();
    const broker = await WatchedBroker.start();
    const first = await World.open({ config: { classic: "closed" }, store, broker });
    expect(await ask(first, "node/allow", { address: "02:00:00:00:00:01", name: "shed" })).toEqual({
      status: "ok",
      data: { node: one, name: "shed" },
    });
    expect(await first.say(one, '["ping"]')).toEqual(["UP"]);
    await first.until(first.gateway.close());
    await first.until(first.client.close());
    await using second = await World.open({ config: { classic: "closed" }, store, broker });
    expect(second.node(one)?.name).toBe("shed");
    expect(await second.say(one, '["ping"]')).toEqual(["UP"]);
  });

  it("is never taken if it is denied", async () => {
    await using world = await World.open({ config: { deny: [one] } });
    expect(await world.say(one, '["ping"]')).toEqual([]);
    expect(world.counters.frames).toEqual({ denied: 1 });
    expect(await ask(world, "node/allow", { address: one })).toMatchObject({
      status: "error",
      error: expect.stringContaining("denied by the configuration") as string,
    });
  });
});

describe("node/rename", () => {
  it("moves what is retained, and what is told from then on", async () => {
    await using world = await World.open();
    await world.say(one, '["t", "1", false, 0]');
    await world.pass(1500);
    expect(await ask(world, "node/rename", { node: one, name: "shed" })).toMatchObject({
      data: { node: one, name: "shed", before: one },
    });
    await world.pass(1500);
    const retained = (topic: string) => world.broker.taken.findLast((message) => message.topic === topic);
    expect(retained(`moteq/${one}`)).toMatchObject({ text: "", retain: true });
    expect(retained(`moteq/${one}/availability`)).toMatchObject({ text: "", retain: true });
    expect(retained("moteq/shed")?.text).toContain('"readings":{"t":1}');
    expect(retained("moteq/shed/availability")).toMatchObject({ text: '{"state":"online"}', retain: true });
    expect(listed(world)[0]?.name).toBe("shed");
    await world.say(one, '["cmd", 1]');
    await world.publish("cmd", "on");
    expect(world.broker.textsOn("moteq/shed/fate")).toHaveLength(1);
  });

  it.each([
    [{ node: one, name: "a/b" }, "name: expected a name"],
    [{ node: one, name: "bridge" }, "name: expected a name"],
    [{ node: one, name: "" }, "name: expected a name"],
    [{ node: one, name: "taken" }, 'name: "taken" is what node 020000000002 is called'],
    [{ node: one, name: "02:00:00:00:00:02" }, "is what node 020000000002 is called"],
    [{ node: "taken", name: "other" }, "has its name in the configuration"],
    [{ node: "nobody", name: "other" }, "no node is called"],
  ])("refuses %j", async (request, error) => {
    await using world = await World.open({ config: { nodes: { [two]: { name: "taken" } } } });
    await world.say(one, '["ping"]');
    await world.say(two, '["ping"]');
    expect(await ask(world, "node/rename", request)).toMatchObject({
      status: "error",
      error: expect.stringContaining(error) as string,
    });
    expect(world.node(one)?.name).toBe(one);
  });
});

describe("what no node can be", () => {
  it.each(["000000000000", "01005e000001", "ffffffffffff", "02006d6f7465"])(
    "is the address %s",
    async (address) => {
      await using world = await World.open();
      expect(await ask(world, "node/allow", { address })).toMatchObject({
        code: "gateway/not-taken",
        error: expect.stringContaining("bad-address") as string,
      });
    },
  );

  it("is called by a name that is written in two directions, or by half a character", async () => {
    await using world = await World.open();
    for (const name of ["shed\u202egnp", "a\u2066b", "\ud800"]) {
      expect(await ask(world, "node/allow", { address: one, name })).toMatchObject({
        code: "gateway/bad-request",
      });
    }
    expect(await ask(world, "node/allow", { address: one, name: "schuppen 🌡" })).toMatchObject({
      status: "ok",
    });
  });
});

describe("a name that the configuration gives to a node", () => {
  const nodes = { [two]: { name: "shed" } };

  it.each([
    ["node/allow", { address: one, name: "shed" }],
    ["node/rename", { node: one, name: "shed" }],
    ["node/rename", { node: one, name: "02000000aaff" }],
  ])(
    "or that is an address is nobody else's, though that node was not heard yet: %s %j",
    async (name, request) => {
      await using world = await World.open({ config: { nodes } });
      await world.say(one, '["ping"]');
      expect(await ask(world, name, request)).toMatchObject({
        status: "error",
        error: expect.stringMatching(/is what node \w{12} is called$/) as string,
      });
      expect(world.node(one)?.name).toBe(one);
    },
  );

  it("is taken from one that had it by request, which is said once", async () => {
    const store = new MemoryStore();
    const broker = await WatchedBroker.start();
    const first = await World.open({ store, broker });
    await ask(first, "node/allow", { address: one, name: "shed" });
    await first.until(first.gateway.close());
    await first.until(first.client.close());
    await using world = await World.open({ store, broker, config: { nodes } });
    await world.say(two, '["ping"]');
    expect(world.node(one)?.name).toBe(one);
    expect(world.node(two)?.name).toBe("shed");
    await world.restart();
    const said = world.log.filter((line) => line.includes(`Node ${one} is no longer called shed`));
    expect(said).toHaveLength(1);
  });
});

describe("node/remove", () => {
  it("forgets a node, what waits for it, what is retained of it, and at the broker what only it wanted", async () => {
    const store = new MemoryStore();
    const broker = await WatchedBroker.start();
    const first = await World.open({ store, broker });
    await first.say(one, '["mine", 1]');
    await first.say(one, '["both", 1]');
    await first.say(two, '["both", 1]');
    await first.publish("mine", "x");
    await first.pass(1500);
    expect(await ask(first, "node/remove", { node: one })).toMatchObject({ data: { node: one } });
    await first.pass(1500);
    expect(first.broker.textsOn(`moteq/${one}/fate`).at(-1)).toContain(
      '"fate":"dropped","reason":"node-removed"',
    );
    expect(first.broker.textsOn(`moteq/${one}`).at(-1)).toBe("");
    expect(first.broker.requests).toContain("-mine");
    expect(first.broker.requests).not.toContain("-both");
    expect(listed(first).map(({ node }) => node)).toEqual([two]);
    await first.until(first.gateway.close());
    await first.until(first.client.close());
    await using second = await World.open({ store, broker });
    expect(second.gateway.report().nodes.map(({ node }) => node)).toEqual([two]);
  });

  it("keeps a node out that is denied, until it is allowed again", async () => {
    await using world = await World.open();
    await world.say(one, '["ping"]');
    await ask(world, "node/remove", { node: one, deny: true });
    expect(await world.say(one, '["ping"]')).toEqual([]);
    await ask(world, "node/allow", { address: one });
    expect(await world.say(one, '["ping"]')).toEqual(["UP"]);
  });
});

describe("health", () => {
  it("is degraded while a queue is full by its bytes, and ok again when something has gone", async () => {
    await using world = await World.open({ config: { limits: { queue_bytes: 256 } } });
    await world.say(one, '["cmd", 1]');
    const queue = () => world.gateway.health().queue;
    for (let count = 0; count < 2; count++) await world.publish("cmd", "x".repeat(100));
    expect(queue()).toEqual({ status: "ok" });
    await world.publish("cmd", "x".repeat(100));
    expect(queue()).toEqual({ status: "degraded", problem: "the queues of 1 nodes are full" });
    await ask(world, "queue/drop", { node: one, ids: [1] });
    expect(queue()).toEqual({ status: "ok" });
  });

  it("is told on its topic when it changes, and on request", async () => {
    await using world = await World.open({ config: { qlen: 1 } });
    const healths = () => world.broker.textsOn("moteq/bridge/health");
    expect(JSON.parse(healths().at(-1) ?? "")).toEqual({
      status: "ok",
      mqtt: { status: "ok" },
      radio: { status: "ok" },
      queue: { status: "ok" },
      journal: { status: "ok" },
    });
    await world.say(one, '["ping"]');
    await world.publish("allnodes", "x");
    await world.pass(10_000);
    expect(healths()).toHaveLength(2);
    expect(await ask(world, "health", {})).toMatchObject({
      data: { status: "degraded", queue: { status: "degraded", problem: "the queues of 1 nodes are full" } },
    });
  });

  it("fails with what is wrong while the broker is out", async () => {
    await using world = await World.open();
    await world.cut();
    expect(world.gateway.health()).toMatchObject({
      status: "failed",
      mqtt: { status: "failed", problem: "the broker is out; 0 messages of nodes wait for it" },
    });
  });
});
