import { describe, expect, it } from "vitest";
import { World } from "./world.ts";

const one = "02000000aa01";
const two = "02000000aa02";

describe("trouble of one kind", () => {
  it("is told at once, then once a minute with how often it came, until it is over", async () => {
    await using world = await World.open();
    for (let count = 0; count < 30; count++) await world.say(one, `hello ${count}`);
    const stamped = () => world.broker.textsOn("gw_status").slice(1);
    expect(stamped()).toEqual([`20/11/2026 09:05:00 Unformatted message hello 0 from node ${one}`]);
    await world.pass(60_000);
    expect(stamped()).toHaveLength(2);
    expect(stamped()[1]).toBe(
      `20/11/2026 09:06:00 Unformatted message hello 29 from node ${one} (29 times in the last minute)`,
    );
    await world.pass(600_000);
    expect(stamped()).toHaveLength(2);
    await world.say(one, "hello again");
    expect(stamped()).toHaveLength(3);
  });

  it("that came once more is told so", async () => {
    await using world = await World.open();
    for (let count = 0; count < 2; count++) await world.say(one, "hello");
    await world.pass(60_000);
    expect(world.broker.textsOn("gw_status").at(-1)).toMatch(
      /hello from node \w+ \(once more in the last minute\)$/,
    );
  });

  it("does not hide trouble of another kind", async () => {
    await using world = await World.open();
    for (const frame of ["[]", "7", '["foo"]', '["t", "m", false, 9]', '["a+", 1]'])
      await world.say(one, frame);
    expect(world.broker.textsOn("gw_errors").map((line) => line.slice(20))).toEqual([
      `Malformed message [] from node ${one}`,
      `Malformed message 7 from node ${one}`,
      `Warning: unknown command foo from node ${one}`,
      `Malformed message ["t", "m", false, 9] from node ${one}: bad qos`,
      `Malformed message ["a+", 1] from node ${one}: bad topic`,
    ]);
  });
});

describe("the report topics", () => {
  it("have the qos and the retain flag that were set", async () => {
    await using world = await World.open({
      config: { status: { topic: "s", qos: 1, retain: true }, errors: { topic: "e", qos: 0 } },
    });
    await world.say(one, '["foo"]');
    const taken = world.broker.taken.filter(({ topic }) => topic === "s" || topic === "e");
    expect(taken).toMatchObject([
      { topic: "s", qos: 1, retain: true },
      { topic: "e", qos: 0, retain: false },
    ]);
  });

  it("can be left out, each and all: the gateway then keeps to its log", async () => {
    await using world = await World.open({ config: { status: false, errors: false, statreq: false } });
    await world.say(one, '["foo"]');
    await world.publish("gw_query", "hello");
    await world.cut();
    await world.restore();
    expect(world.broker.taken.filter(({ topic }) => topic.startsWith("gw_"))).toEqual([]);
    expect(world.log).toContain(`warn Warning: unknown command foo from node ${one}`);
    expect(world.log).toContain("info WiFi or broker is down.");
  });
});

describe("debug", () => {
  it("tells of each message to a node, when it comes and when it is sent", async () => {
    await using world = await World.open({ config: { debug: true } });
    await world.say(one, '["get"]');
    await world.publish("allnodes", "red");
    await world.say(one, '["get"]');
    expect(world.broker.textsOn("gw_status").slice(1)).toEqual([
      `20/11/2026 09:05:00 Sending or queueing message ["allnodes","red",false] to node ${one}`,
      `20/11/2026 09:05:00 Sending to ${one} message ["allnodes","red",false]`,
    ]);
  });

  it.each(["gw_status", "gw_+", "#"])("makes no loop when a node subscribes to %s", async (filter) => {
    await using world = await World.open({ config: { debug: true, lpmode: false } });
    await world.say(one, `["${filter}", 0]`);
    await world.say(two, `["${filter}", 1]`);
    const before = world.broker.taken.length;
    await world.publish("allnodes", "x");
    await world.pass(100_000);
    const said = world.broker.textsOn("gw_status").length + world.broker.textsOn("gw_errors").length;
    expect(said).toBeLessThan(20);
    expect(world.broker.taken.length - before).toBeLessThan(60);
  });
});

/** The status lines without their time. */
function lines(world: World): string[] {
  return world.broker.textsOn("gw_status").map((line) => line.slice(20));
}

describe("a status request", () => {
  it("is answered on the status topic: a summary, then a line for each node", async () => {
    await using world = await World.open({ config: { nodes: { [two]: { name: "shed" } } } });
    await world.say(one, '["t", "m", false, 0]');
    await world.say(two, '["ping"]');
    await world.publish("allnodes", "x");
    await world.pass(100_000);
    await world.publish("gw_query", "hello");
    expect(lines(world).slice(1)).toEqual([
      "Gateway 02006d6f7465 channel 6 up 00:01:40: 2 nodes, 2 frames received, " +
        "0 messages wait for the broker, 2 for nodes",
      `Node ${one} prototype asleep, seen 00:01:40 ago at -40 dBm, 1 queued`,
      `Node ${two} (shed) link asleep, seen 00:01:40 ago at -40 dBm, 1 queued`,
    ]);
  });

  it("is answered once a second at the most", async () => {
    await using world = await World.open();
    for (let count = 0; count < 20; count++) await world.publish("gw_query", "?");
    expect(lines(world).slice(1)).toHaveLength(1);
    await world.pass(1000);
    await world.publish("gw_query", "?");
    expect(lines(world).slice(1)).toHaveLength(2);
    expect(world.counters.messages).toMatchObject({ "status-request": 2, "status-request-ignored": 19 });
  });

  it("names fifty nodes at the most", async () => {
    await using world = await World.open();
    for (let count = 10; count < 70; count++) await world.say(`0200000000${count}`, '["ping"]');
    await world.publish("gw_query", "?");
    expect(lines(world).slice(1)).toHaveLength(52);
    expect(lines(world).at(-1)).toBe("and 10 more nodes");
  });

  it("that was retained is ignored with a warning", async () => {
    await using world = await World.open();
    await world.publish("gw_query", "old", { retain: true });
    await world.cut();
    await world.restore();
    await world.cut();
    await world.restore();
    const warnings = lines(world).filter((line) => line.includes("retained message on gw_query is ignored"));
    expect(warnings.length).toBeGreaterThanOrEqual(1);
    expect(lines(world).filter((line) => line.startsWith("Gateway") && line.includes("up "))).toHaveLength(1);
  });

  it("still reaches a node that subscribed to its topic", async () => {
    await using world = await World.open();
    await world.say(one, '["gw_query", 0]');
    await world.publish("gw_query", "hello");
    expect(await world.say(one, '["get"]')).toEqual(['["gw_query", "hello", false]']);
    expect(lines(world).join()).toContain("1 nodes");
  });
});
