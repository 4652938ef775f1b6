import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import { createBridgeWill } from "../../src/gateway/index.ts";
import type { BridgeNode } from "../../src/topics/index.ts";
import { gatewayAddress, World } from "./world.ts";

const one = "02000000aa01";

function listsOf(world: World): BridgeNode[][] {
  return world.broker.textsOn("moteq/bridge/nodes").map((text) => JSON.parse(text) as BridgeNode[]);
}

describe("moteq/bridge/state", () => {
  it("is online, retained, from each connection on, and offline by its will in between", async () => {
    await using world = await World.open();
    await world.cut();
    await world.restore();
    expect(world.broker.taken.filter(({ topic }) => topic === "moteq/bridge/state")).toMatchObject([
      { text: '{"state":"online"}', retain: true, qos: 1 },
      { text: '{"state":"offline"}', retain: true, qos: 1 },
      { text: '{"state":"online"}', retain: true, qos: 1 },
    ]);
  });

  it("is offline after the gateway was closed", async () => {
    const world = await World.open();
    await world[Symbol.asyncDispose]();
    expect(world.broker.textsOn("moteq/bridge/state").at(-1)).toBe('{"state":"offline"}');
  });

  it("has a will that says the same", () => {
    expect(createBridgeWill()).toEqual({
      topic: "moteq/bridge/state",
      payload: '{"state":"offline"}',
      qos: 1,
      retain: true,
    });
    expect(createBridgeWill("house/radio").topic).toBe("house/radio/bridge/state");
  });
});

describe("moteq/bridge/info", () => {
  it("says what the gateway is and how it is set", async () => {
    await using world = await World.open({ config: { qlen: 5, base: "house" } });
    const [text = ""] = world.broker.textsOn("house/bridge/info");
    expect(JSON.parse(text)).toMatchObject({
      version: "1.2.3",
      address: "02006d6f7465",
      channel: 6,
      config: { qlen: 5, pub_all: { topic: "allnodes", qos: 1 }, limits: { nodes: 1000 } },
    });
  });
});

describe("moteq/bridge/nodes", () => {
  it("lists every node with its state, queue and counters", async () => {
    await using world = await World.open({ config: { nodes: { [one]: { name: "shed" } } } });
    expect(listsOf(world)).toEqual([[]]);
    await world.say(one, '["t", "m", false, 4]');
    await world.publish("allnodes", "x");
    await world.pass(2000);
    expect(listsOf(world).at(-1)).toEqual([
      {
        node: one,
        name: "shed",
        dialect: "prototype",
        lastSeen: expect.stringMatching(/^2026-11-20T09:05:00\.\d{3}Z$/) as string,
        rssi: -40,
        state: "awake",
        nextWake: null,
        missedWakes: 0,
        battery: null,
        queued: 1,
        wakeEvery: null,
        energy: { wakes: 1, awake: 0.001, sending: 0.001, listening: 0, mAhPerYear: null },
        counters: { uplinks: 1, refused: 0, delivered: 0, undelivered: 0, dropped: 0 },
      },
    ]);
  });

  it("is published once a second at the most, and not at all when nothing changes", async () => {
    await using world = await World.open();
    for (let count = 0; count < 30; count++) await world.say(one, '["ping"]');
    const { length } = listsOf(world);
    expect(length).toBeGreaterThan(4);
    expect(length).toBeLessThan(8);
    await world.pass(2000);
    const after = listsOf(world).length;
    await world.pass(50_000);
    expect(listsOf(world)).toHaveLength(after);
  });

  it("is published the less often, the longer it is", async () => {
    await using world = await World.open();
    for (let index = 0; index < 300; index++) {
      const source = `02000000b${index.toString(16).padStart(3, "0")}`;
      void world.at(source).radio.send(gatewayAddress, encodeUtf8('["ping"]'));
    }
    await world.pass(50_000);
    const { length } = listsOf(world);
    // Three quarters of a minute; with 300 nodes there is a list every 15 seconds.
    for (let count = 0; count < 300; count++) await world.say(one, '["ping"]');
    const lists = listsOf(world).length - length;
    expect([3, 4]).toContain(lists);
  });

  it("tells when a node has fallen asleep without a word", async () => {
    await using world = await World.open();
    await world.say(one, '["ping"]');
    await world.pass(10_000);
    expect(listsOf(world).at(-1)?.[0]?.state).toBe("awake");
    await world.pass(60_000);
    expect(listsOf(world).at(-1)?.[0]?.state).toBe("asleep");
    const { length } = listsOf(world);
    await world.pass(3_600_000);
    expect(listsOf(world)).toHaveLength(length);
  });

  it("is published anew when the broker is back, with what changed meanwhile", async () => {
    await using world = await World.open();
    await world.cut();
    await world.say(one, '["ping"]');
    await world.pass(5000);
    expect(listsOf(world)).toHaveLength(1);
    // Nor does it wait in the client, where it would grow old. One status line does.
    expect(world.client.stats.queued).toBe(1);
    await world.restore();
    expect(
      listsOf(world)
        .at(-1)
        ?.map(({ node }) => node),
    ).toEqual([one]);
  });

  it("is never brought to a node, which would change it again", async () => {
    await using world = await World.open({ config: { lpmode: false } });
    await world.say(one, '["#", 1]');
    await world.say(one, '["moteq/bridge/nodes", 1]');
    await world.pass(10_000);
    expect(world.at(one).heard.join()).not.toContain("bridge");
    expect(world.counters.messages.own).toBeGreaterThan(0);
  });
});
