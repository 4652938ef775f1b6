import { describe, expect, it } from "vitest";
import {
  type BrokerLink,
  Gateway,
  MemoryStore,
  type QueuedMessage,
  type StoreChange,
} from "../../src/gateway/index.ts";
import { type Clock, createSeededRandom, encodeUtf8, sleep } from "../../src/base/index.ts";
import { Air, VirtualClock } from "../../src/virtual/index.ts";
import { gatewayAddress, World } from "./world.ts";

const node = "02000000aa01";

/** A store that fails while it is told to. */
class MoodyStore extends MemoryStore {
  failsToWrite = false;
  failsToRead = false;

  override async commit(changes: readonly StoreChange[]): Promise<void> {
    if (this.failsToWrite) throw new Error("disk full");
    await super.commit(changes);
  }

  override async readMessages(address: string, ids: readonly number[]): Promise<readonly QueuedMessage[]> {
    if (this.failsToRead) throw new Error("disk gone");
    return super.readMessages(address, ids);
  }
}

describe("a store that fails", () => {
  it("to write is tried again, loses nothing, and keeps nobody waiting for answers", async () => {
    const store = new MoodyStore();
    await using world = await World.open({ store });
    await world.say(node, '["get"]');
    store.failsToWrite = true;
    await world.publish("allnodes", "first");
    expect(await world.say(node, '["aget"]')).toEqual(["UP"]);
    // The broker has it: that is as good as the journal.
    expect(await world.say(node, '["shed", "1", false, 1]')).toEqual(["ACK"]);
    expect(world.broker.textsOn("shed")).toEqual(["1"]);
    // What neither has is not acknowledged: the node will try again.
    world.broker.hang(true);
    expect(await world.say(node, '["shed", "2", false, 1]')).toEqual([]);
    world.broker.hang(false);
    expect(await world.say(node, '["ping"]')).toEqual(["ACK", "UP"]);
    await world.publish("allnodes", "second");
    expect(await world.say(node, '["ping"]')).toEqual(["UP"]);
    store.failsToWrite = false;
    await world.pass(1100);
    expect(await world.say(node, '["get"]')).toEqual([
      '["allnodes", "first", false]',
      '["allnodes", "second", false]',
    ]);
    expect(world.counters.deliveries).toEqual({ queued: 2, acknowledged: 2 });
    expect(world.broker.textsOn("gw_errors").map((line) => line.slice(20))).toEqual([
      "The store cannot be written to, and is tried again: disk full",
    ]);
  });

  it("to read leaves the messages where they are", async () => {
    const store = new MoodyStore();
    await using world = await World.open({ store });
    await world.say(node, '["get"]');
    await world.publish("allnodes", "x");
    store.failsToRead = true;
    expect(await world.say(node, '["aget"]')).toEqual(["UP"]);
    store.failsToRead = false;
    expect(await world.say(node, '["get"]')).toEqual(['["allnodes", "x", false]']);
    expect(world.broker.textsOn("gw_errors").join()).toContain(
      `Serving node ${node}: store raised disk gone`,
    );
  });
});

/** A store that takes its time to write. */
class SlowStore extends MemoryStore {
  clock: Clock | undefined;

  override async commit(changes: readonly StoreChange[]): Promise<void> {
    if (this.clock) await sleep(this.clock, 50);
    await super.commit(changes);
  }
}

describe("a store that is slow to write", () => {
  it("has what comes while a node fetches, whatever the node speaks", async () => {
    const store = new SlowStore();
    await using world = await World.open({ store });
    await world.say(node, '["get"]');
    await world.ask("join/open", { code: false });
    const native = world.nativeNode("02000000aa02");
    await world.until(native.join());
    store.clock = world.clock;
    await world.publish("allnodes", "first");
    const got: string[] = [];
    const exchange = native.exchange(({ message }) => got.push(message));
    void world.at(node).radio.send(gatewayAddress, encodeUtf8('["get"]'));
    await world.pass(5);
    await world.publish("allnodes", "second");
    // The answer to the native node waits for the one before, and then what is read for it for this one.
    await world.pass(40);
    await world.publish("allnodes", "third");
    await world.until(exchange);
    await world.pass(500);
    await world.until(native.exchange(({ message }) => got.push(message)));
    await world.say(node, '["get"]');
    await world.pass(500);
    const texts = ["first", "second", "third"];
    expect(got).toEqual(texts);
    expect(world.at(node).heard).toEqual(texts.map((text) => `["allnodes", "${text}", false]`));
    expect(world.counters.deliveries).toEqual({ queued: 6, acknowledged: 6 });
  });
});

describe("a link that gives up a message", () => {
  it("is counted and reported, and makes room for others", async () => {
    const clock = new VirtualClock();
    const air = new Air({ clock, random: createSeededRandom(1) });
    const lines: string[] = [];
    const client: BrokerLink = {
      connected: true,
      publish: async (topic) => {
        if (topic === "t") throw new Error("given up");
      },
      ping: async () => {},
      subscribe: async () => ({ unsubscribe: async () => {} }),
    };
    const gateway = new Gateway({
      radio: air.join({ address: "02006d6f7465" }),
      client,
      store: new MemoryStore(),
      clock,
      config: { classic: "open", limits: { uplinks: 1 } },
      log: (_level, text) => lines.push(text),
    });
    await gateway.start();
    const radio = air.join({ address: node });
    for (let count = 0; count < 3; count++) {
      await clock.runUntil(radio.send("02006d6f7465", encodeUtf8('["t", "m", false, 1]')));
      await clock.advance(10);
    }
    const { counters, waitingUplinks } = gateway.report();
    expect([counters.frames, counters.uplinks, waitingUplinks]).toEqual([{ publish: 3 }, { failed: 3 }, 0]);
    expect(lines.filter((line) => line.includes("given up"))).toEqual([
      "A message could not be published: given up",
    ]);
    await clock.runUntil(gateway.close());
  });
});
