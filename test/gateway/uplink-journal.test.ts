import { describe, expect, it } from "vitest";
import { MemoryStore, type StoreChange } from "../../src/gateway/index.ts";
import { World } from "./world.ts";

const node = "02000000aa01";

/** A store whose commits can be held up, as a slow disk does. */
class HeldStore extends MemoryStore {
  held: Promise<void> | undefined;
  readonly written: string[] = [];

  override async commit(changes: readonly StoreChange[]): Promise<void> {
    await this.held;
    this.written.push(...changes.map(({ type }) => type));
    await super.commit(changes);
  }
}

describe("an acknowledgement", () => {
  it.each([
    ["link", '["ping"]', '["shed", "1", false, 1]', "ACK"],
    ["prototype", '["x", "0", false, 4]', '["shed", "1", false, 5]', '["ACK", "ACK"]'],
  ])(
    "is sent when the message is in the journal, not before (%s)",
    async (_dialect, first, frame, answer) => {
      const store = new HeldStore();
      await using world = await World.open({ store });
      await world.say(node, first);
      world.broker.hang(true);
      let letGo: (() => void) | undefined;
      store.held = new Promise((resolve) => (letGo = resolve));
      expect(await world.say(node, frame)).toEqual([]);
      store.held = undefined;
      letGo?.();
      expect(await world.say(node, '["t", 1]')).toEqual([answer]);
      expect(store.written).toContain("uplink");
      world.broker.hang(false);
    },
  );
});

describe("a publication in the journal", () => {
  it("is published after a restart if the broker did not have it", async () => {
    const store = new MemoryStore();
    {
      await using world = await World.open({ store });
      await world.say(node, '["ping"]');
      world.broker.hang(true);
      await world.say(node, '["shed", "1", false, 1]');
      await world.say(node, '["shed", "2", true, 1]');
      expect((await store.open()).uplinks).toMatchObject([
        { topic: "shed", qos: 1, retain: false },
        { topic: "shed", qos: 1, retain: true },
      ]);
      await world.until(world.gateway.close());
    }
    await using world = await World.open({ store });
    await world.pass(1000);
    expect(world.broker.textsOn("shed")).toEqual(["1", "2"]);
    expect((await store.open()).uplinks).toEqual([]);
    expect(world.gateway.report()).toMatchObject({
      waitingUplinks: 0,
      counters: { uplinks: { published: 2 } },
    });
    // New ones have places of their own.
    await world.say(node, '["shed", "3", false, 1]');
    await world.pass(100);
    expect(world.broker.textsOn("shed")).toEqual(["1", "2", "3"]);
  });

  it("does not come again once the broker has it", async () => {
    const store = new MemoryStore();
    {
      await using world = await World.open({ store });
      await world.say(node, '["ping"]');
      await world.say(node, '["shed", "1", false, 1]');
      await world.pass(100);
      await world.until(world.gateway.close());
    }
    await using world = await World.open({ store });
    await world.pass(1000);
    expect(world.broker.textsOn("shed")).toEqual([]);
  });
});

describe("a publication at the end of the gateway", () => {
  it("stays in the store although the client ends first", async () => {
    const store = new MemoryStore();
    await using world = await World.open({ store });
    await world.say(node, '["ping"]');
    world.broker.hang(true);
    await world.say(node, '["shed", "1", false, 1]');
    await world.until(Promise.all([world.gateway.close(), world.client.close()]));
    expect((await store.open()).uplinks.map(({ topic }) => topic)).toContain("shed");
    world.broker.hang(false);
  });
});

describe("a retained message after a restart", () => {
  it("is not given again to a node that had it, and is if it has changed", async () => {
    const store = new MemoryStore();
    {
      await using world = await World.open({ store });
      await world.publish("lamp", "red", { retain: true });
      await world.say(node, '["lamp", 1]');
      await world.pass(100);
      expect(await world.say(node, '["get"]')).toEqual(['["lamp", "red", true]']);
      await world.until(world.gateway.close());
    }
    {
      await using world = await World.open({ store });
      void world.gateway.receive({ topic: "lamp", payload: new TextEncoder().encode("red"), retain: true });
      expect(await world.say(node, '["get"]')).toEqual([]);
      void world.gateway.receive({ topic: "lamp", payload: new TextEncoder().encode("blue"), retain: true });
      expect(await world.say(node, '["get"]')).toEqual(['["lamp", "blue", true]']);
    }
  });
});

describe("a message from the broker", () => {
  it("is not said to be taken before the gateway is open, nor after it was closed", async () => {
    const store = new MemoryStore();
    await using world = await World.open({ store });
    await world.say(node, '["get"]');
    const message = { topic: "allnodes", payload: new Uint8Array([120]), retain: false };
    const taken = world.gateway.receive(message);
    let settled = 0;
    void taken?.then(() => settled++);
    await world.pass(10);
    expect(settled).toBe(1);
    await world.until(world.gateway.close());
    void world.gateway.receive(message)?.then(() => settled++);
    await world.pass(60_000);
    expect(settled).toBe(1);
  });
});
