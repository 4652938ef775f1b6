import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import { gatewayAddress, World } from "./world.ts";

const one = "02000000aa01";
const two = "02000000aa02";

describe.each(["out", "hanging"])("while the broker is %s", (how) => {
  const begin = async (world: World) => {
    if (how === "out") await world.cut();
    else world.broker.hang(true);
  };
  const end = async (world: World) => {
    if (how === "hanging") world.broker.hang(false);
    await world.restore();
  };

  it("pings, gets, channel queries and subscriptions are served within a wake", async () => {
    await using world = await World.open();
    await world.say(one, '["get"]');
    await world.publish("allnodes", "waiting");
    await begin(world);
    const up = how === "out" ? "DOWN" : "UP";
    for (let count = 0; count < 3; count++) await world.say(one, `["topic${count}", 1]`);
    expect(await world.say(one, '["ping"]')).toEqual([up]);
    expect(await world.say(one, '["aget"]')).toEqual([up, '["allnodes", "waiting", false]']);
    expect(await world.say(one, '["chan"]')).toEqual(["6"]);
    expect(await world.say(two, '["get"]')).toEqual([]);
    expect(world.counters.frames).toEqual({ get: 2, subscribe: 3, ping: 1, poll: 1, channel: 1 });
  });

  it("subscriptions are remembered, and made when it is back", async () => {
    await using world = await World.open();
    await world.say(one, '["before", 1]');
    await begin(world);
    for (let count = 0; count < 40; count++) await world.say(one, `["topic${count}", 1]`);
    await world.say(one, '["topic0", null]');
    await end(world);
    for (const topic of ["before", "topic0", "topic1", "topic39"]) await world.publish(topic, "x");
    expect(await world.say(one, '["get"]')).toEqual([
      '["before", "x", false]',
      '["topic1", "x", false]',
      '["topic39", "x", false]',
    ]);
  });

  it("reports do not pile up, and those that found no room are counted", async () => {
    const status = { topic: "gw_status", qos: 1 } as const;
    await using world = await World.open({
      config: { limits: { reports: 20 }, status, debug: true, lpmode: false },
    });
    await world.say(one, '["get"]');
    await begin(world);
    for (let count = 0; count < 100; count++) {
      void world.gateway.receive({ topic: "allnodes", payload: encodeUtf8(`${count}`), retain: false });
      await world.pass(20);
    }
    expect(world.counters.reports.dropped).toBeGreaterThan(100);
    await end(world);
    const { dropped } = world.counters.reports;
    expect(world.broker.textsOn("gw_status").join("\n")).toContain(`${dropped} reports were dropped`);
  });
});

describe("a broker that goes and comes", () => {
  it("is told on the status topic in the original's words, when it is back", async () => {
    await using world = await World.open();
    await world.pass(10_000);
    await world.cut();
    await world.restore();
    expect(world.broker.textsOn("gw_status").map((line) => line.slice(20))).toEqual([
      `Gateway ${gatewayAddress} connected to broker 192.168.0.10.`,
      "WiFi or broker is down.",
      `Gateway ${gatewayAddress} connected to broker 192.168.0.10.`,
    ]);
  });

  it("finds the gateway serving though it was not there at the start", async () => {
    await using world = await World.open({ reachable: false });
    expect(await world.say(one, '["ping"]')).toEqual(["DOWN"]);
    await world.say(one, '["t", 1]');
    expect(await world.say(one, '["shed", "x", false, 1]')).toEqual(["NAK"]);
    await world.restore();
    expect(world.broker.textsOn("shed")).toEqual(["x"]);
    await world.publish("t", "y");
    expect(await world.say(one, '["get"]')).toEqual(['["t", "y", false]']);
  });

  it("ten times loses no message that was accepted", async () => {
    await using world = await World.open();
    await world.say(one, '["ping"]');
    const accepted: string[] = [];
    for (let round = 0; round < 10; round++) {
      for (let count = 0; count < 5; count++) {
        if (count === 2) await world.cut();
        const text = `${round}.${count}`;
        const [answer] = await world.say(one, `["shed", "${text}", false, 1]`);
        if (answer === "ACK" || answer === "NAK") accepted.push(text);
      }
      await world.restore();
    }
    expect(accepted).toHaveLength(50);
    expect([...new Set(world.broker.textsOn("shed"))]).toEqual(accepted);
  });
});
