import { describe, expect, it } from "vitest";
import { MemoryStore, type QueuedMessage, type StoreChange } from "../../src/gateway/index.ts";
import type { BridgeResponse } from "../../src/topics/index.ts";
import { World } from "./world.ts";

const address = "020000000001";
const config = { nodes: { [address]: { dialect: "link" } } } as const;

/** A store whose reading can be held up, and that notes what is written. */
class HeldStore extends MemoryStore {
  readonly batches: StoreChange[][] = [];
  #gate: Promise<void> = Promise.resolve();
  #open = () => {};

  hold(): void {
    this.#gate = new Promise((resolve) => (this.#open = resolve));
  }

  letGo(): void {
    this.#open();
  }

  override async commit(changes: readonly StoreChange[]): Promise<void> {
    this.batches.push([...changes]);
    await super.commit(changes);
  }

  override async readMessages(node: string, ids: readonly number[]): Promise<readonly QueuedMessage[]> {
    await this.#gate;
    return super.readMessages(node, ids);
  }
}

/** A node for which one message waits, which is being removed, and what it has to do with the store. */
async function openRemoval(): Promise<{ world: World; store: HeldStore }> {
  const store = new HeldStore();
  const world = await World.open({ config, store });
  await world.say(address, '["cmd", 1]');
  await world.publish("cmd", "old");
  store.hold();
  store.batches.length = 0;
  await world.publish("moteq/bridge/request/node/remove", JSON.stringify({ node: address }));
  return { world, store };
}

/** The payloads of what waits, as the store has it at the next start. */
async function waiting(world: World, store: MemoryStore): Promise<unknown> {
  const { nodes } = await store.open();
  const ids = nodes.flatMap((node) => node.waiting.map(({ id }) => id));
  const messages = await world.until(store.readMessages(address, ids));
  return messages.map(({ payload }) => new TextDecoder().decode(payload));
}

describe("a node that is being removed", () => {
  it("has the end of each message told in the store before it is forgotten there", async () => {
    const { world, store } = await openRemoval();
    await using _ = world;
    expect(store.batches.flat().some(({ type }) => type === "remove-node")).toBe(false);
    store.letGo();
    await world.pass(10);
    const types = store.batches.flat().map(({ type }) => type);
    expect(types.indexOf("dequeue")).toBeGreaterThanOrEqual(0);
    expect(types.indexOf("remove-node")).toBeGreaterThan(types.indexOf("dequeue"));
    expect(world.broker.textsOn(`moteq/${address}/fate`).at(-1)).toContain('"topic":"cmd"');
    expect((await store.open()).nodes).toEqual([]);
  });

  it("may speak meanwhile: nothing of its new life is forgotten with the old one", async () => {
    const { world, store } = await openRemoval();
    await using _ = world;
    await world.say(address, '["cmd", 1]');
    await world.publish("cmd", "new");
    store.letGo();
    await world.pass(10);
    expect(world.node(address)?.queued).toBe(1);
    expect(await waiting(world, store)).toEqual(["new"]);
    await world.restart();
    expect(await world.say(address, '["get"]')).toEqual(['["cmd", "new", false]']);
  });

  it("can be allowed again, and be sent something, before it is gone", async () => {
    const { world, store } = await openRemoval();
    await using _ = world;
    await world.publish("moteq/bridge/request/node/allow", JSON.stringify({ address }));
    const added = JSON.stringify({ node: address, topic: "t", payload: "new" });
    await world.publish("moteq/bridge/request/queue/add", added);
    const [answer = "{}"] = world.broker.textsOn("moteq/bridge/response/queue/add");
    expect((JSON.parse(answer) as BridgeResponse).status).toBe("ok");
    store.letGo();
    await world.pass(10);
    expect(await waiting(world, store)).toEqual(["new"]);
  });

  it("can be removed twice, and once more when it has come back", async () => {
    const { world, store } = await openRemoval();
    await using _ = world;
    await world.publish("moteq/bridge/request/node/remove", JSON.stringify({ node: address }));
    await world.say(address, '["cmd", 1]');
    await world.publish("moteq/bridge/request/node/remove", JSON.stringify({ node: address }));
    store.letGo();
    await world.pass(10);
    expect((await store.open()).nodes).toEqual([]);
    expect(world.node(address)).toBeUndefined();
  });

  it("leaves no end behind that would take a message of its new life", async () => {
    const { world, store } = await openRemoval();
    await using _ = world;
    store.letGo();
    await world.pass(10);
    await world.say(address, '["cmd", 1]');
    await world.publish("cmd", "flushed");
    store.hold();
    await world.publish("moteq/bridge/request/queue/flush", JSON.stringify({ node: address }));
    await world.publish("moteq/bridge/request/node/remove", JSON.stringify({ node: address }));
    await world.say(address, '["cmd", 1]');
    await world.publish("cmd", "new");
    store.letGo();
    await world.pass(10);
    expect(await waiting(world, store)).toEqual(["new"]);
  });
});
