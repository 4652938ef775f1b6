import { describe, expect, it } from "vitest";
import { MemoryStore, type StoreChange } from "../../../src/gateway/index.ts";
import type { NativeNode } from "../../../src/mote/index.ts";
import { World } from "../world.ts";

const address = "020000000001";

/** A store that cannot be written to while it is told so. */
class MoodyStore extends MemoryStore {
  fails = false;

  override async commit(changes: readonly StoreChange[]): Promise<void> {
    if (this.fails) throw new Error("disk full");
    await super.commit(changes);
  }
}

/** Opens the door and lets the node in. */
async function joined(world: World): Promise<NativeNode> {
  await world.ask("join/open", { code: false });
  const node = world.nativeNode(address);
  expect(await world.until(node.join())).toBe("joined");
  return node;
}

describe("a native node, whatever becomes of its gateway,", () => {
  it("has its last will published once for a silence, however often the gateway is started anew in it", async () => {
    await using world = await World.open();
    const node = await joined(world);
    node.announceWakes(600, 60);
    node.leaveWill({ topic: "gone", message: "help" });
    await world.until(node.exchange());
    await world.pass(700_000);
    expect(world.broker.textsOn("gone")).toEqual(["help"]);
    await world.restart();
    await world.pass(700_000);
    expect(world.node(address)?.state).toBe("overdue");
    expect(world.broker.textsOn("gone")).toEqual(["help"]);
  });

  it("is told to say it later while the store is far behind: nothing of it is taken", async () => {
    const store = new MoodyStore();
    await using world = await World.open({ store });
    const node = await joined(world);
    expect(await world.until(node.publish("t", "1"))).toBe("stored");
    store.fails = true;
    const hear = (topic: string) =>
      void world.gateway.receive({ topic, payload: new Uint8Array(), retain: false });
    hear("x");
    // The first failure is over, the next attempt still to come: all this waits behind it.
    await world.pass(10);
    for (let count = 0; count < 60_000; count++) hear(`x/${count}`);
    const said = node.publish("t", "2");
    await world.pass(100);
    expect(world.node(address)?.counters.uplinks).toBe(1);
    store.fails = false;
    await world.pass(2000);
    await world.until(said);
    for (let wake = 0; wake < 3 && node.unsettled > 0; wake++) await world.until(node.exchange());
    await world.pass(100);
    expect(world.broker.textsOn("t")).toEqual(["1", "2"]);
  });

  it("loses no message that the store cannot be read for, though it listens", async () => {
    const store = new MoodyStore();
    await using world = await World.open({ store });
    const node = await joined(world);
    await world.until(node.subscribe("cmd"));
    const got: string[] = [];
    const listening = node.listen(({ payload }) => got.push(String.fromCharCode(...payload)), {
      silenceMs: 20_000,
    });
    await world.pass(50);
    store.fails = true;
    await world.publish("cmd", "one");
    await world.pass(500);
    expect(world.node(address)?.queued).toBe(1);
    store.fails = false;
    await world.pass(2000);
    await world.publish("cmd", "two");
    await world.until(listening);
    expect(got).toEqual(["one", "two"]);
    expect(world.counters.deliveries.lost).toBeUndefined();
  });
});
