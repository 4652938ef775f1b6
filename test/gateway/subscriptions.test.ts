import { describe, expect, it } from "vitest";
import { World } from "./world.ts";

const one = "02000000aa01";
const two = "02000000aa02";

describe("a subscription", () => {
  it("is not answered, and brings the topic's messages from then on", async () => {
    await using world = await World.open();
    expect(await world.say(one, '["foo_topic", 1]')).toEqual([]);
    await world.publish("foo_topic", "hello");
    await world.publish("other_topic", "not this");
    expect(await world.say(one, '["get"]')).toEqual(['["foo_topic", "hello", false]']);
  });

  it("is one node's alone", async () => {
    await using world = await World.open();
    await world.say(one, '["foo_topic", 1]');
    await world.say(two, '["bar_topic", 1]');
    await world.publish("foo_topic", "foo");
    await world.publish("bar_topic", "bar");
    expect(await world.say(one, '["get"]')).toEqual(['["foo_topic", "foo", false]']);
    expect(await world.say(two, '["get"]')).toEqual(['["bar_topic", "bar", false]']);
  });

  it.each([
    ["shed/+/temperature", "shed/two/temperature"],
    ["shed/#", "shed/two/temperature"],
    ["shed/#", "shed"],
    ["+/+", "a/b"],
    ["#", "anything/at/all"],
  ])("with wildcards, %s, brings %s", async (filter, topic) => {
    await using world = await World.open();
    await world.say(one, `["${filter}", 1]`);
    await world.publish(topic, "x");
    expect(await world.say(one, '["get"]')).toContain(`["${topic}", "x", false]`);
  });

  it("that overlaps with another brings a message once", async () => {
    await using world = await World.open();
    for (const filter of ["shed/+", "shed/#", "shed/t", "allnodes"]) await world.say(one, `["${filter}", 1]`);
    await world.publish("shed/t", "x");
    await world.publish("allnodes", "y");
    expect(await world.say(one, '["get"]')).toEqual(['["shed/t", "x", false]', '["allnodes", "y", false]']);
  });

  it("keeps bytes that are no UTF-8: one character a byte", async () => {
    await using world = await World.open();
    await world.say(one, '["raw", 0]');
    await world.publish("raw", Uint8Array.of(0xff, 0x00, 0x41, 0x80));
    const [frame = ""] = await world.say(one, '["get"]');
    const [, message] = JSON.parse(frame) as [string, string, boolean];
    expect(Array.from(message, (character) => character.codePointAt(0))).toEqual([0xff, 0x00, 0x41, 0x80]);
  });

  it("is asked of the broker with the highest qos that a node wants", async () => {
    await using world = await World.open();
    await world.say(one, '["t", 0]');
    await world.publish("t", "0", { qos: 1 });
    await world.say(two, '["t", 2]');
    expect(world.broker.requests.filter((filter) => filter === "t")).toHaveLength(2);
    await world.publish("t", "1", { qos: 1 });
    expect(await world.say(one, '["get"]')).toEqual(['["t", "0", false]', '["t", "1", false]']);
  });

  it("made anew at each wake asks the broker nothing", async () => {
    await using world = await World.open();
    await world.say(one, '["t", 1]');
    const before = world.broker.requests.length;
    for (let wake = 0; wake < 5; wake++) await world.say(one, '["t", 1]');
    expect(world.broker.requests).toHaveLength(before);
    expect(world.counters.frames).toEqual({ subscribe: 6 });
  });

  it("that the broker refuses is reported, and hinders nothing else", async () => {
    await using world = await World.open();
    world.broker.refused.add("secret");
    await world.say(one, '["secret", 1]');
    await world.say(one, '["open", 1]');
    await world.publish("open", "x");
    expect(await world.say(one, '["get"]')).toEqual(['["open", "x", false]']);
    expect(world.counters.subscriptions).toMatchObject({ refused: 1 });
    expect(world.broker.textsOn("gw_errors").join()).toContain("No subscription to secret");
  });

  it.each([
    ['["a+", 1]', "bad-topic"],
    ['["$share/g/t", 1]', "reserved-topic"],
    ['["t", 3]', "bad-qos"],
    ["[7, 1]", "bad-topic"],
  ])("as %s is refused", async (frame, refusal) => {
    await using world = await World.open();
    expect(await world.say(one, frame)).toEqual([]);
    expect(world.counters.frames).toEqual({ [refusal]: 1 });
  });

  it("beyond those that a node may have is refused; one that it has may be changed", async () => {
    await using world = await World.open({ config: { limits: { subscriptions: 2 } } });
    for (const frame of ['["a", 1]', '["b", 1]', '["c", 1]', '["a", 0]']) await world.say(one, frame);
    expect(world.counters.frames).toEqual({ subscribe: 3, "too-many-subscriptions": 1 });
    await world.say(one, '["a", null]');
    await world.say(one, '["c", 1]');
    expect(world.counters.frames).toMatchObject({ subscribe: 4, unsubscribe: 1 });
  });

  it("is kept over a restart of the gateway", async () => {
    const first = await World.open();
    await first.say(one, '["shed/#", 1]');
    await first[Symbol.asyncDispose]();
    await using second = await World.open({ store: first.store });
    await second.publish("shed/t", "x");
    expect(await second.say(one, '["get"]')).toEqual(['["shed/t", "x", false]']);
  });
});

describe("unsubscribing", () => {
  it("ends the messages to the node, and the broker's when no node is left", async () => {
    await using world = await World.open();
    await world.say(one, '["t", 1]');
    await world.say(two, '["t", 1]');
    await world.say(one, '["t", null]');
    await world.publish("t", "for two");
    expect(world.broker.requests).not.toContain("-t");
    await world.say(two, '["t", null]');
    expect(world.broker.requests).toContain("-t");
    await world.publish("t", "for nobody");
    expect(await world.say(one, '["get"]')).toEqual([]);
    expect(await world.say(two, '["get"]')).toEqual(['["t", "for two", false]']);
  });

  it("from what it never had does nothing", async () => {
    await using world = await World.open();
    await world.say(one, '["t", null]');
    expect(world.counters.frames).toEqual({ unsubscribe: 1 });
    expect(world.broker.requests.filter((request) => request.startsWith("-"))).toEqual([]);
  });

  it("does not take the gateway's own topics from it", async () => {
    await using world = await World.open();
    for (const frame of ['["gw_query", 0]', '["gw_query", null]', '["allnodes", 1]', '["allnodes", null]']) {
      await world.say(one, frame);
    }
    expect(world.broker.requests.filter((request) => request.startsWith("-"))).toEqual([]);
    await world.publish("allnodes", "still");
    expect(await world.say(one, '["get"]')).toEqual(['["allnodes", "still", false]']);
  });
});

describe("retained messages", () => {
  it("come to a node that subscribes, marked as retained", async () => {
    await using world = await World.open();
    await world.publish("t", "kept", { retain: true });
    await world.say(one, '["t", 1]');
    expect(await world.say(one, '["get"]')).toEqual(['["t", "kept", true]']);
  });

  it("come to a node that subscribes although another subscribed first, and to that one only once", async () => {
    await using world = await World.open();
    await world.publish("t", "kept", { retain: true });
    await world.say(one, '["t", 1]');
    await world.say(two, '["t", 1]');
    expect(await world.say(one, '["get"]')).toEqual(['["t", "kept", true]']);
    expect(await world.say(two, '["get"]')).toEqual(['["t", "kept", true]']);
  });

  it("come by wildcard, each once, to every node that subscribes", async () => {
    await using world = await World.open();
    for (const name of ["a", "b", "c"]) await world.publish(`t/${name}`, name, { retain: true });
    await world.say(one, '["t/+", 1]');
    await world.say(two, '["t/#", 1]');
    await world.say(two, '["t/+", 1]');
    const all = ['["t/a", "a", true]', '["t/b", "b", true]', '["t/c", "c", true]'];
    expect((await world.say(one, '["get"]')).toSorted()).toEqual(all);
    expect((await world.say(two, '["get"]')).toSorted()).toEqual(all);
  });

  it("come anew to a node that unsubscribed and subscribes again", async () => {
    await using world = await World.open();
    await world.publish("t", "kept", { retain: true });
    for (const frame of ['["t", 1]', '["t", null]', '["t", 1]']) await world.say(one, frame);
    expect(await world.say(one, '["get"]')).toEqual(['["t", "kept", true]', '["t", "kept", true]']);
  });

  it("do not come again to a node that changes the qos of its subscription", async () => {
    await using world = await World.open();
    await world.publish("t", "kept", { retain: true });
    await world.say(one, '["t", 0]');
    expect(await world.say(one, '["get"]')).toEqual(['["t", "kept", true]']);
    await world.pass(60_000);
    await world.say(one, '["t", 1]');
    expect(await world.say(one, '["get"]')).toEqual([]);
  });

  it("on the topic of all come to every node that becomes known", async () => {
    await using world = await World.open();
    await world.publish("allnodes", "welcome", { retain: true });
    await world.say(one, '["get"]');
    await world.say(two, '["get"]');
    expect(await world.say(one, '["get"]')).toEqual(['["allnodes", "welcome", true]']);
    expect(await world.say(two, '["get"]')).toEqual(['["allnodes", "welcome", true]']);
  });

  it("are not delivered again after an outage, but for what has changed meanwhile", async () => {
    await using world = await World.open();
    await world.publish("same", "1", { retain: true });
    await world.publish("changed", "1", { retain: true });
    for (const filter of ["same", "changed", "new"]) await world.say(one, `["${filter}", 1]`);
    await world.say(one, '["get"]');
    await world.pass(60_000);
    await world.cut();
    await world.publish("changed", "2", { retain: true });
    await world.publish("new", "1", { retain: true });
    await world.restore();
    expect((await world.say(one, '["get"]')).toSorted()).toEqual([
      '["changed", "2", true]',
      '["new", "1", true]',
    ]);
    expect(world.counters.messages).toMatchObject({ repeated: 1 });
  });

  it("come to a node that subscribed during an outage when it ends", async () => {
    await using world = await World.open();
    await world.publish("t", "kept", { retain: true });
    await world.say(one, '["t", 1]');
    await world.say(one, '["get"]');
    await world.cut();
    await world.say(two, '["t", 1]');
    await world.restore();
    expect(await world.say(one, '["get"]')).toEqual([]);
    expect(await world.say(two, '["get"]')).toEqual(['["t", "kept", true]']);
  });
});

describe("a filter that no node wants any more", () => {
  it("is unsubscribed from when the broker is back, though the gateway was started anew meanwhile", async () => {
    await using world = await World.open({ sessionKept: true });
    for (const filter of ["gone", "kept", "wanted/again"]) await world.say(one, `["${filter}", 1]`);
    await world.cut();
    await world.say(one, '["gone", null]');
    await world.say(one, '["wanted/again", null]');
    await world.restart();
    await world.say(two, '["wanted/again", 1]');
    await world.restart();
    world.broker.requests.length = 0;
    await world.restore();
    expect(world.broker.requests.filter((request) => request.startsWith("-"))).toEqual(["-gone"]);
    await world.publish("gone", "1");
    expect(world.counters.messages.unrouted).toBeUndefined();
    for (const topic of ["kept", "wanted/again"]) await world.publish(topic, "1");
    expect(world.counters.messages).toMatchObject({ routed: 2 });
    // Once is enough.
    world.broker.requests.length = 0;
    await world.restart();
    expect(world.broker.requests.filter((request) => request.startsWith("-"))).toEqual([]);
    expect((await world.store.open()).settings.filter(([name]) => name.startsWith("left"))).toEqual([]);
  });

  it("is unsubscribed from though the gateway that had it never reached the broker", async () => {
    await using world = await World.open({ sessionKept: true });
    await world.say(one, '["gone", 1]');
    await world.cut();
    await world.restart();
    await world.say(one, '["gone", null]');
    await world.restore();
    expect(world.broker.requests.at(-1)).toBe("-gone");
    await world.publish("gone", "1");
    expect(world.counters.messages.unrouted).toBeUndefined();
  });

  it("is kept if the gateway itself wants it", async () => {
    await using world = await World.open();
    for (const filter of ["allnodes", "gw_query"]) {
      await world.say(one, `["${filter}", 1]`);
      await world.say(one, `["${filter}", null]`);
      await world.say(two, `["${filter}", 1]`);
    }
    expect(await world.ask("node/remove", { node: two })).toMatchObject({ status: "ok" });
    expect(world.broker.requests.filter((request) => request.startsWith("-"))).toEqual([]);
    await world.publish("allnodes", "to all");
    expect(await world.say(one, '["get"]')).toContain('["allnodes", "to all", false]');
  });
});
