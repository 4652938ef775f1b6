import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import { MemoryStore, type StoreChange } from "../../src/gateway/index.ts";
import type { BridgeResponse } from "../../src/topics/index.ts";
import { World } from "./world.ts";

const node = "020000000001";
const config = { nodes: { [node]: { name: "shed", dialect: "link" } } } as const;
const addition = { node: "shed", topic: "x", payload: "on", transaction: "t1" };

/** Notes what is written, and fails when it is told to. */
class WatchedStore extends MemoryStore {
  readonly batches: StoreChange[][] = [];
  fails = false;

  override async commit(changes: readonly StoreChange[]): Promise<void> {
    if (this.fails) throw new Error("disk full");
    this.batches.push([...changes]);
    await super.commit(changes);
  }
}

async function openWorld(store = new WatchedStore()): Promise<World> {
  const world = await World.open({ config, store });
  await world.say(node, '["ping"]');
  return world;
}

/** All that was answered to requests of one kind. */
function answers(world: World, name: string): BridgeResponse[] {
  return world.broker
    .textsOn(`moteq/bridge/response/${name}`)
    .map((text) => JSON.parse(text) as BridgeResponse);
}

describe("a request that comes twice with one transaction", () => {
  it("is done once and answered twice, although the gateway was started anew meanwhile", async () => {
    const store = new WatchedStore();
    await using world = await openWorld(store);
    const first = await world.ask("queue/add", addition);
    const batch = store.batches.find((changes) => changes.some(({ type }) => type === "enqueue"));
    // Else a power cut between the two would have it done again.
    expect(batch?.some((change) => change.type === "setting" && change.name === "answer/0")).toBe(true);
    await world.restart();
    expect(await world.ask("queue/add", addition)).toEqual(first);
    expect(world.node(node)?.queued).toBe(1);
  });

  it("is refused as it was the first time, also after a restart", async () => {
    await using world = await openWorld();
    const request = { ...addition, node: "nobody" };
    const first = await world.ask("queue/add", request);
    expect(first).toMatchObject({ status: "error", code: "gateway/unknown-node" });
    await world.restart();
    await world.ask("node/rename", { node, name: "nobody" });
    expect(await world.ask("queue/add", request)).toEqual(first);
  });

  it("is refused if it says something else: the first one's answer would be taken for its own", async () => {
    await using world = await openWorld();
    await world.ask("queue/add", addition);
    expect(await world.ask("queue/add", { ...addition, payload: "off" })).toMatchObject({
      transaction: "t1",
      status: "error",
      code: "gateway/transaction-used",
    });
    expect(await world.ask("node/allow", { address: node, transaction: "t1" })).toMatchObject({
      status: "ok",
    });
    expect(world.node(node)?.queued).toBe(1);
  });

  it("is done again after 256 others, and the store does not grow with them", async () => {
    const store = new WatchedStore();
    await using world = await openWorld(store);
    for (let count = 0; count < 300; count++) {
      const request = { node, ids: [count], transaction: `n${count}` };
      void world.gateway.receive({
        topic: "moteq/bridge/request/queue/drop",
        payload: encodeUtf8(JSON.stringify(request)),
        retain: false,
      });
      await world.pass(1);
    }
    const { settings } = await store.open();
    expect(settings.filter(([name]) => name.startsWith("answer/"))).toHaveLength(256);
    await world.restart();
    expect(await world.ask("queue/drop", { node, ids: [7], transaction: "n44" })).toMatchObject({
      code: "gateway/transaction-used",
    });
    expect(await world.ask("queue/drop", { node, ids: [7], transaction: "n43" })).toMatchObject({
      status: "ok",
    });
  });

  it("is answered anew where it only asks", async () => {
    await using world = await openWorld();
    const request = { transaction: 1 };
    expect(await world.ask("queue/list", request)).toMatchObject({ data: [] });
    await world.ask("queue/add", addition);
    expect(await world.ask("queue/list", request)).toMatchObject({ data: [{ queued: 1 }] });
  });
});

describe("a transaction", () => {
  it("has 256 characters at most", async () => {
    await using world = await openWorld();
    const fault = { status: "error", code: "gateway/bad-request" };
    const transaction = "x".repeat(257);
    expect(await world.ask("queue/add", { ...addition, transaction })).toMatchObject(fault);
    expect(await world.ask("queue/add", { ...addition, fateTransaction: transaction })).toMatchObject(fault);
    expect(await world.ask("queue/add", { ...addition, transaction: "x".repeat(256) })).toMatchObject({
      status: "ok",
    });
  });

  it("of the message's fate can be another than that of the request", async () => {
    await using world = await openWorld();
    await world.ask("queue/add", { ...addition, fateTransaction: "job 7" });
    expect(await world.say(node, '["get"]')).toHaveLength(1);
    expect(world.broker.textsOn("moteq/shed/fate").at(-1)).toContain('"transaction":"job 7"');
  });
});

describe("while the disk is full", () => {
  it("questions are answered, and their senders hear at once that they were taken", async () => {
    const store = new WatchedStore();
    await using world = await openWorld(store);
    await world.ask("queue/add", addition);
    store.fails = true;
    await world.publish("moteq/bridge/request/queue/add", JSON.stringify({ ...addition, transaction: "t2" }));
    const health = { topic: "moteq/bridge/request/health", payload: encodeUtf8("{}"), retain: false };
    expect(world.gateway.receive(health)).toBeUndefined();
    await world.pass(10);
    expect(answers(world, "health").at(-1)).toMatchObject({ data: { journal: { status: "failed" } } });
    expect(answers(world, "queue/add")).toHaveLength(1);
    store.fails = false;
    await world.pass(2000);
    expect(answers(world, "queue/add")).toHaveLength(2);
  });
});
