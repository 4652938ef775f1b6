import { describe, expect, it } from "vitest";
import { World } from "./world.ts";

const one = "02000000aa01";
const two = "02000000aa02";

/** The gateway still does all that it is for. */
async function expectAlive(world: World): Promise<void> {
  expect(await world.say(two, '["ping"]')).toEqual(["UP"]);
  expect(await world.say(two, '["alive", "yes", false, 1]')).toEqual(["ACK"]);
  expect(world.broker.textsOn("alive").at(-1)).toBe("yes");
  await world.publish("allnodes", "still here");
  await world.say(two, '["get"]');
  expect(world.at(two).heard).toContain('["allnodes", "still here", false]');
}

describe("frames that stop the original", () => {
  it.each([
    ["a number", "7"],
    ["null", "null"],
    ["a boolean", "true"],
    ["a publication with qos 4, as documented", '["t", "m", false, 4]'],
    ["a publication with qos 7", '["t", "m", false, 7]'],
    ["a publication with qos -1", '["t", "m", false, -1]'],
    ["a publication whose topic is a number", '[7, "m", false, 0]'],
    ["a publication whose message is a list", '["t", [1, 2], false, 0]'],
    ["a publication whose message is null", '["t", null, false, 0]'],
    ["a subscription whose qos is a text", '["t", "1"]'],
    ["a subscription with a broken wildcard", '["a/#/b", 1]'],
    ["a topic for which a broker ends the connection", '["a\\u0001b", "m", false, 1]'],
    ["a topic of more levels than a broker takes", `["${"/".repeat(200)}", "m", false, 1]`],
    ["a topic of the broker's own", '["$SYS/x", "m", false, 1]'],
    ["an empty list", "[]"],
    ["an empty object", "{}"],
    ["deeply nested lists", "[".repeat(120) + "]".repeat(120)],
    ["a list of length", '[{"length": 4}]'],
    ["a prototype that it should not have", '["__proto__", "constructor", false, 0]'],
    ["a subscription to a name of objects", '["__proto__", 1]'],
    ["half a character", Uint8Array.of(0x5b, 0x22, 0xc3, 0x22, 0x5d)],
    ["noise", Uint8Array.from({ length: 250 }, (_, index) => (index * 97) & 255)],
    ["zeros", new Uint8Array(250)],
  ])("%s: it goes on", async (_name, frame) => {
    await using world = await World.open();
    for (let count = 0; count < 3; count++) await world.say(one, frame);
    await expectAlive(world);
    expect(world.client.connected).toBe(true);
  });
});

describe("messages that stop the original", () => {
  it.each([
    ["bytes that are no UTF-8", "t", Uint8Array.of(0xc3, 0x28, 0xff)],
    ["no bytes at all", "t", ""],
    ["more than a frame carries", "t", "x".repeat(5000)],
    ["a topic longer than a frame", "t/".repeat(49) + "x".repeat(300), "x"],
    ["quotes, controls and other scripts", "t", '"\\\n\u0000\u0007 温度 🌡'],
    ["what looks like an answer", "ACK", "ACK"],
  ])("%s: it goes on", async (_name, topic, payload) => {
    await using world = await World.open({ config: { lpmode: false } });
    await world.say(one, '["t/#", 1]');
    await world.say(one, '["ACK", 1]');
    await world.publish(topic, payload);
    await world.pass(500);
    await expectAlive(world);
  });

  it("a hundred at once while the gateway pushes them: none is lost", async () => {
    await using world = await World.open({ config: { lpmode: false, qlen: 100 } });
    await world.say(one, '["t", 1]');
    await world.until(
      Promise.all(Array.from({ length: 100 }, (_, count) => world.broker.publish("t", `${count}`))),
    );
    await world.pass(1000);
    expect(world.at(one).heard).toEqual(
      Array.from({ length: 100 }, (_, count) => `["t", "${count}", false]`),
    );
  });
});

describe("what the original leaves out", () => {
  it("a subscription to a new topic during an outage blocks nobody", async () => {
    await using world = await World.open();
    await world.cut();
    await world.say(one, '["new", 1]');
    expect(await world.say(two, '["ping"]')).toEqual(["DOWN"]);
  });

  it("statreq may be left out", async () => {
    await using world = await World.open({ config: { statreq: false } });
    await world.cut();
    await world.restore();
    await expectAlive(world);
  });

  it("more than twenty nodes are served", async () => {
    await using world = await World.open();
    for (let count = 10; count < 60; count++) {
      expect(await world.say(`0200000000${count}`, '["ping"]')).toEqual(["UP"]);
    }
  });

  it("a node that comes back a week later finds its queue, and others did not wait for it", async () => {
    await using world = await World.open();
    await world.say(one, '["get"]');
    await world.publish("allnodes", "x");
    await world.pass(7 * 86_400_000);
    expect(await world.say(one, '["get"]')).toEqual(['["allnodes", "x", false]']);
  });
});
