import { describe, expect, it } from "vitest";
import { encodeUtf8, sleep } from "../../../src/base/index.ts";
import { MemoryStore, type GatewaySettings } from "../../../src/gateway/index.ts";
import type { NativeNode, NativeNodeMessage } from "../../../src/mote/index.ts";
import type { NodeFate, NodeState } from "../../../src/topics/index.ts";
import { WatchedBroker } from "../broker.ts";
import { World } from "../world.ts";

const address = "020000000001";
const closed: GatewaySettings = { classic: "closed" };

/** Opens the door with a code and lets the node in. */
async function joined(world: World, name?: string): Promise<NativeNode> {
  const { data } = await world.ask("join/open", { seconds: 60 });
  const node = world.nativeNode(address);
  expect(await world.until(node.join((data as { code: string }).code))).toBe("joined");
  if (name !== undefined) await world.ask("node/rename", { node: address, name });
  return node;
}

/** Fetches what waits, as texts. */
async function fetch(world: World, node: NativeNode): Promise<string[]> {
  const got: string[] = [];
  await world.until(
    node.exchange(({ topic, payload }: NativeNodeMessage) => {
      got.push(`${topic}: ${String.fromCharCode(...payload)}`);
    }),
  );
  return got;
}

function fates(world: World, name: string): string[] {
  return world.broker
    .textsOn(`moteq/${name}/fate`)
    .map((text) => JSON.parse(text) as NodeFate)
    .map(({ topic, fate, transaction }) => [topic, fate, transaction].filter(Boolean).join(" "));
}

describe("a native node at the gateway", () => {
  it("joins with a window's code, publishes, subscribes, and gets what waits", async () => {
    await using world = await World.open({ config: closed });
    const node = await joined(world, "shed");
    expect(world.node(address)).toMatchObject({ dialect: "native", name: "shed" });
    expect(await world.until(node.publish("shed/t", "21.5"))).toBe("stored");
    await world.pass(10);
    expect(world.broker.textsOn("shed/t")).toEqual(["21.5"]);
    expect(await world.until(node.subscribe("cmd/#"))).toBe("stored");
    for (const text of ["one", "two"]) await world.publish("cmd/x", text);
    await world.ask("queue/add", { node: "shed", topic: "own", payload: "three", transaction: "t3" });
    expect(world.node(address)?.queued).toBe(3);
    expect(await fetch(world, node)).toEqual(["cmd/x: one", "cmd/x: two", "own: three"]);
    // The node says with its next frame what came.
    await fetch(world, node);
    await world.pass(10);
    expect(world.node(address)?.queued).toBe(0);
    expect(world.counters.deliveries).toEqual({ queued: 3, acknowledged: 3 });
    expect(fates(world, "shed")).toEqual(
      expect.arrayContaining(["own queued t3", "own sent t3", "own acknowledged t3"]),
    );
  });

  it("is not let in while joining is closed, nor with a wrong code, nor when the window has closed", async () => {
    await using world = await World.open({ config: closed });
    const node = world.nativeNode(address);
    expect(await world.until(node.join("AAAAA-AAAAA-AAAAA-AAAAA"))).not.toBe("joined");
    const { data } = await world.ask("join/open", { seconds: 60 });
    expect(await world.until(node.join("AAAAA-AAAAA-AAAAA-AAAAA"))).not.toBe("joined");
    await world.pass(61_000);
    expect(await world.until(node.join((data as { code: string }).code))).not.toBe("joined");
    expect(world.gateway.report().nodes).toEqual([]);
    expect(world.counters.frames["not-joined"]).toBeGreaterThan(2);
  });

  it("is heard again after a defect of the gateway, and nothing that it says is lost", async () => {
    await using world = await World.open({ config: { ...closed, nodes: { [address]: { wake: 60 } } } });
    const node = await joined(world);
    await world.pass(600_000);
    expect(world.node(address)?.state).toBe("overdue");
    // That the node is back cannot be said.
    const { push } = world.log;
    world.log.push = () => {
      world.log.push = push;
      throw new Error("the log is gone");
    };
    await world.until(node.publish("t", "1"));
    expect(world.counters.frames.defect).toBe(1);
    expect(await world.until(node.publish("t", "2"))).toBe("stored");
    await world.pass(1000);
    expect(world.broker.textsOn("t")).toEqual(["1", "2"]);
  });

  it("joins with a code of that day however the clock was stepped since, not with one whose days are over", async () => {
    await using world = await World.open({ config: closed });
    const codeFor = async (days: number) =>
      ((await world.ask("join/code", { days })).data as { code: string }).code;
    const [code, old] = [await codeFor(2), await codeFor(1)];
    world.clock.step(1_000_000_000_000);
    await world.pass(86_400_000);
    expect(await world.until(world.nativeNode(address).join(old))).not.toBe("joined");
    expect(world.gateway.report().nodes).toEqual([]);
    await world.restart();
    expect(await world.until(world.nativeNode(address).join(code))).toBe("joined");
  });

  it("is refused once it is denied, whatever key it has", async () => {
    const store = new MemoryStore();
    const broker = await WatchedBroker.start();
    const first = await World.open({ config: closed, store, broker });
    const node = await joined(first);
    await first.until(first.gateway.close());
    await first.until(first.client.close());
    await using world = await World.open({ config: { ...closed, deny: [address] }, store, broker });
    const later = world.nativeNode(address, node.save());
    expect(await world.until(later.publish("t", "1"))).not.toBe("stored");
    expect(world.broker.textsOn("t")).toEqual([]);
    expect(Object.keys(world.counters.frames)).toEqual(["denied"]);
  });

  it("joins without a code only while a window is open without one", async () => {
    await using world = await World.open({ config: closed });
    await world.ask("join/open", {});
    expect(await world.until(world.nativeNode(address).join())).not.toBe("joined");
    expect(await world.ask("join/open", { code: false })).toMatchObject({ data: { code: null } });
    expect(await world.until(world.nativeNode(address).join())).toBe("joined");
  });

  it("joins with a provisioning code at any time, once", async () => {
    const store = new MemoryStore();
    const broker = await WatchedBroker.start();
    const first = await World.open({ config: closed, store, broker });
    const { data } = await first.ask("join/code", { address, days: 1 });
    const { code } = data as { code: string };
    await first.until(first.gateway.close());
    await first.until(first.client.close());
    await using world = await World.open({ config: closed, store, broker });
    expect(await world.until(world.nativeNode("020000000002").join(code))).not.toBe("joined");
    expect(await world.until(world.nativeNode(address).join(code))).toBe("joined");
    expect(await world.until(world.nativeNode(address).join(code))).not.toBe("joined");
  });

  it.each([
    ["of the list of the denied", { deny: [address] }],
    ["not of the list of those that may", { allow: ["020000000009"] }],
  ])("is not let in when it is %s, whatever it knows", async (_, config) => {
    await using world = await World.open({ config: { ...closed, ...config } });
    await world.ask("join/open", { code: false });
    expect(await world.until(world.nativeNode(address).join())).not.toBe("joined");
  });

  it("goes on after both have restarted, with its subscriptions, its queue and its place", async () => {
    const store = new MemoryStore();
    const broker = await WatchedBroker.start();
    const first = await World.open({ config: closed, store, broker });
    const before = await joined(first);
    await first.until(before.subscribe("cmd"));
    await first.publish("cmd", "on");
    const state = before.save();
    await first.until(first.gateway.close());
    await first.until(first.client.close());
    await using world = await World.open({ config: closed, store, broker });
    const node = world.nativeNode(address, state);
    expect(await fetch(world, node)).toEqual(["cmd: on"]);
    expect(await world.until(node.publish("t", "1"))).toBe("stored");
    await world.pass(10);
    expect(world.broker.textsOn("t")).toEqual(["1"]);
  });

  it("is answered what it has got only when that would survive a kill, though it got it before a restart", async () => {
    const store = new MemoryStore();
    await using world = await World.open({ config: closed, store });
    const node = await joined(world);
    await world.until(node.subscribe("cmd"));
    await world.publish("cmd", "on");
    let deaf = false;
    world.air.intercept((frame, next) => {
      if (!deaf) next(frame);
    });
    await world.until(node.exchange(() => (deaf = true)));
    await world.restart();
    deaf = false;
    const read = store.readMessages.bind(store);
    store.readMessages = async (...range) => {
      await sleep(world.clock, 10);
      return read(...range);
    };
    expect((await world.until(node.exchange())).outcome).toBe("answered");
    const [stored] = (await store.open()).nodes;
    expect(stored?.waiting).toEqual([]);
  });

  it("cannot be spoken for in a classic dialect", async () => {
    await using world = await World.open();
    await joined(world);
    await world.until(world.radioOf(address).send("02006d6f7465", encodeUtf8('["t", "forged", false, 1]')));
    await world.pass(100);
    expect(world.counters.frames.insecure).toBe(1);
    expect(world.broker.textsOn("t")).toEqual([]);
  });

  it("lives beside a classic one", async () => {
    await using world = await World.open();
    const node = await joined(world);
    await world.until(node.subscribe("cmd"));
    await world.say("020000000002", '["cmd", 1]');
    await world.publish("cmd", "on");
    expect(await world.say("020000000002", '["get"]')).toEqual(['["cmd", "on", false]']);
    expect(await fetch(world, node)).toEqual(["cmd: on"]);
  });

  it("is heard while the broker is out, and told so", async () => {
    await using world = await World.open();
    const node = await joined(world);
    await world.cut();
    expect(await world.until(node.publish("t", "kept"))).toBe("broker-out");
    await world.restore();
    expect(world.broker.textsOn("t")).toEqual(["kept"]);
  });

  it("is told to come later when no more is taken, and never for what is never taken", async () => {
    await using world = await World.open({ config: { limits: { uplinks: 1 } } });
    const node = await joined(world);
    await world.cut();
    expect(await world.until(node.publish("t", "1"))).toBe("broker-out");
    expect(await world.until(node.publish("t", "2"))).toBe("later");
    await world.restore();
    await fetch(world, node);
    await world.pass(10);
    expect(world.broker.textsOn("t")).toEqual(["1", "2"]);
    expect(await world.until(node.publish("moteq/bridge/state", "x"))).toBe("refused");
  });

  it("brings readings that it kept, each with its own time; the newest counts as the present one", async () => {
    await using world = await World.open();
    const node = await joined(world, "shed");
    for (const value of [1, 2, 3]) {
      node.add("t", String(value));
      await world.pass(60_000);
    }
    await fetch(world, node);
    await world.pass(10);
    expect(world.broker.textsOn("t")).toEqual(["3"]);
    const backfill = world.broker.textsOn("moteq/shed/backfill").map((text) => JSON.parse(text) as object);
    expect(backfill).toMatchObject([
      { topic: "t", value: 1 },
      { topic: "t", value: 2 },
      { topic: "t", value: 3 },
    ]);
    const times = backfill.map((one) => Date.parse((one as { time: string }).time));
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(60_000);
  });

  it("brings kept readings that are no text too, in hexadecimal", async () => {
    await using world = await World.open();
    const node = await joined(world, "shed");
    for (const byte of [1, 2]) {
      node.add("t", Uint8Array.of(0xff, byte));
      await world.pass(60_000);
    }
    node.add("t", Uint8Array.of(0xff, 3));
    await fetch(world, node);
    await world.pass(10);
    expect(world.broker.taken.filter(({ topic }) => topic === "t")).toHaveLength(1);
    const backfill = world.broker.textsOn("moteq/shed/backfill").map((text) => JSON.parse(text) as object);
    expect(backfill).toMatchObject([
      { topic: "t", value: "ff01", encoding: "hex" },
      { topic: "t", value: "ff02", encoding: "hex" },
    ]);
    expect(node.unsettled).toBe(0);
  });

  it("is refused with a count and a line", async () => {
    await using world = await World.open({ config: { limits: { uplinks: 2, subscriptions: 1 } } });
    const node = await joined(world);
    await world.until(node.publish("moteq/bridge/state", "x"));
    await world.until(node.publish("t", "x".repeat(20_000)));
    await world.until(node.subscribe("a"));
    await world.until(node.subscribe("b"));
    await world.cut();
    for (let count = 0; count < 3; count++) await world.until(node.publish("t", "x"));
    const { frames } = world.counters;
    expect(frames).toMatchObject({ "reserved-topic": 1, "too-many-subscriptions": 1 });
    expect(frames["too-many-uplinks"]).toBeGreaterThan(0);
    expect(world.node(address)?.counters.refused).toBeGreaterThan(2);
    const said = world.log.join("\n");
    expect(said).toContain("moteq/bridge/state");
    expect(said).toMatch(/subscriptions/);
    expect(said).toMatch(/wait/);
  });

  it("is told of when its numbers show that items never came", async () => {
    await using world = await World.open();
    const node = await joined(world);
    await world.until(node.publish("t", "1"));
    const state = node.save();
    const after = world.nativeNode(address, state && { ...state, nextNumber: (state.nextNumber ?? 0) + 100 });
    expect(await world.until(after.publish("t", "2"))).toBe("stored");
    expect(world.counters.items).toEqual({ skipped: 100 });
    expect(world.log.join("\n")).toContain(`Of node ${address} 100 items never came`);
  });

  it("adds up what it tells of its work, over its sleep", async () => {
    await using world = await World.open();
    const node = await joined(world);
    for (let wake = 0; wake < 30; wake++) {
      node.report({ awakeMs: 500, framesSent: 3, sendFailures: 1 });
      await fetch(world, node);
      await world.pass(3_600_000);
    }
    expect(world.node(address)?.energy).toMatchObject({ awake: 15, framesSent: 90, sendFailures: 30 });
  });

  it("tells of messages that are lost, or too long for it", async () => {
    const store = new MemoryStore();
    await using world = await World.open({ store });
    const node = await joined(world);
    await world.ask("queue/add", { node: address, topic: "t".repeat(300), payload: "x" });
    await world.ask("queue/add", { node: address, topic: "u", payload: "x" });
    await store.commit([{ type: "dequeue", address, id: 1 }]);
    await fetch(world, node);
    await world.pass(1000);
    expect(world.counters.deliveries).toMatchObject({ "too-long": 1, lost: 1 });
    const said = world.log.join("\n");
    expect(said).toContain("does not fit into the radio's frames");
    expect(said).toContain(`1 messages for node ${address} are lost`);
  });

  it("promises when it wakes, leaves a last will, and tells of its battery", async () => {
    await using world = await World.open();
    const node = await joined(world, "shed");
    node.announceWakes(600, 60);
    node.leaveWill({ topic: "shed/gone", message: "help", retain: true });
    node.report({ batteryMillivolts: 3700, batteryPercent: 80, awakeMs: 12 });
    await fetch(world, node);
    await world.pass(1100);
    expect(world.node(address)).toMatchObject({
      state: "asleep",
      wakeEvery: 600,
      battery: { percent: 80, millivolts: 3700 },
      energy: { awake: 0.012 },
    });
    await world.pass(659_000);
    const page = JSON.parse(world.broker.textsOn("moteq/shed").at(-1) ?? "{}") as NodeState;
    expect(page).toMatchObject({ state: "overdue", missedWakes: 1 });
    expect(world.broker.taken.find(({ topic }) => topic === "shed/gone")).toMatchObject({
      text: "help",
      retain: true,
    });
    await world.pass(10_000_000);
    expect(world.broker.textsOn("shed/gone")).toHaveLength(1);
  });

  it("gets messages at once while it says that it stays awake", async () => {
    await using world = await World.open();
    const node = await joined(world);
    await world.until(node.subscribe("cmd"));
    const got: string[] = [];
    const listening = node.listen(({ payload }) => got.push(String.fromCharCode(...payload)), {
      silenceMs: 500,
    });
    await world.pass(50);
    await world.publish("cmd", "now");
    await world.pass(50);
    expect(got).toEqual(["now"]);
    await world.until(listening);
  });

  it("carries long messages both ways, whatever their bytes", async () => {
    await using world = await World.open();
    const node = await joined(world);
    const bytes = Uint8Array.from({ length: 3000 }, (_, index) => index % 256);
    expect(await world.until(node.publish("long", bytes))).toBe("stored");
    await world.pass(10);
    expect(world.broker.taken.find(({ topic }) => topic === "long")?.payload).toEqual(bytes);
    await world.until(node.subscribe("down"));
    await world.publish("down", bytes);
    const got: Uint8Array[] = [];
    for (let wake = 0; wake < 3 && got.length === 0; wake++) {
      await world.until(node.exchange(({ payload }) => void got.push(payload)));
    }
    expect(got).toEqual([bytes]);
  });

  it("leaves for good", async () => {
    await using world = await World.open();
    const node = await joined(world);
    expect(await world.until(node.leave())).toBe("stored");
    await world.pass(100);
    expect(world.gateway.report().nodes).toEqual([]);
  });

  it("never has its key or a code shown", async () => {
    const store = new MemoryStore();
    await using world = await World.open({ store });
    await world.ask("join/code", {});
    await joined(world);
    await world.pass(2000);
    const key = (await store.open()).nodes[0]?.record.native?.key ?? "";
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    const told = world.broker.taken.filter(({ topic }) => !topic.startsWith("moteq/bridge/response/join/"));
    expect(told.some(({ text }) => text.includes(key))).toBe(false);
    expect(world.log.some((line) => line.includes(key))).toBe(false);
  });
});

describe("native frames at random", () => {
  it("stop nothing and make nobody a node", async () => {
    await using world = await World.open();
    await joined(world);
    for (let count = 0; count < 2000; count++) {
      const type = 0x88 + Math.floor(world.random.next() * 8);
      const bytes = Uint8Array.from({ length: 1 + Math.floor(world.random.next() * 249) }, (_, index) =>
        index === 0 ? type : Math.floor(world.random.next() * 256),
      );
      const from = world.random.next() < 0.5 ? address : "020000000009";
      await world.until(world.at(from === address ? "020000000008" : from).radio.send("02006d6f7465", bytes));
      if (count % 100 === 0) await world.pass(2000);
    }
    await world.pass(2000);
    expect(world.gateway.report().nodes).toHaveLength(1);
    expect(world.counters.frames.defect).toBeUndefined();
  });
});
