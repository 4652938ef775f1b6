import { describe, expect, it } from "vitest";
import { gatewayAddress, World } from "./world.ts";

const node = "02000000aa01";

describe("the queue of a node", () => {
  it("holds ten messages, and lets the oldest go for another", async () => {
    await using world = await World.open();
    await world.say(node, '["get"]');
    for (let count = 1; count <= 10; count++) await world.publish("allnodes", String(count));
    expect(world.node(node)?.queued).toBe(10);
    for (let count = 11; count <= 13; count++) await world.publish("allnodes", String(count));
    const messages = await world.say(node, '["get"]');
    expect(messages.map((frame) => (JSON.parse(frame) as string[])[1])).toEqual(
      "4 5 6 7 8 9 10 11 12 13".split(" "),
    );
    expect(world.counters.deliveries).toEqual({ queued: 13, acknowledged: 10, "queue-full": 3 });
  });

  it("that is full is reported once, and again only after it had room", async () => {
    await using world = await World.open({ config: { qlen: 2 } });
    await world.say(node, '["get"]');
    const fill = async () => {
      for (let count = 1; count <= 5; count++) await world.publish("allnodes", String(count));
    };
    const lines = () => world.broker.textsOn("gw_status").filter((line) => line.includes("queue full"));
    await fill();
    expect(lines()).toEqual([`20/11/2026 09:05:00 Gateway:  node ${node} queue full`]);
    await fill();
    expect(lines()).toHaveLength(1);
    await world.say(node, '["get"]');
    await fill();
    expect(lines()).toHaveLength(2);
  });

  it("holds no more bytes than it may", async () => {
    await using world = await World.open({ config: { limits: { queue_bytes: 300 } } });
    await world.say(node, '["get"]');
    for (const letter of ["a", "b", "c"]) await world.publish("allnodes", letter.repeat(120));
    const messages = await world.say(node, '["get"]');
    expect(messages.map((frame) => frame[14])).toEqual(["b", "c"]);
  });

  it("is kept over a restart, in order", async () => {
    const first = await World.open();
    await first.say(node, '["get"]');
    for (const text of ["1", "2"]) await first.publish("allnodes", text);
    await first[Symbol.asyncDispose]();
    await using second = await World.open({ store: first.store });
    await second.publish("allnodes", "3");
    expect(await second.say(node, '["get"]')).toEqual([
      '["allnodes", "1", false]',
      '["allnodes", "2", false]',
      '["allnodes", "3", false]',
    ]);
  });

  it("keeps a message's own bytes alone, not the buffer that they came in", async () => {
    await using world = await World.open();
    await world.say(node, '["get"]');
    const received = new Uint8Array(65_536).fill(0x61);
    void world.gateway.receive({ topic: "allnodes", payload: received.subarray(100, 103), retain: false });
    await world.pass(1);
    const [message] = await world.store.readMessages(node, [0]);
    expect([message?.payload.length, message?.payload.buffer.byteLength]).toEqual([3, 3]);
  });

  it("stops at the first frame that the node does not take, and goes on from there", async () => {
    await using world = await World.open();
    await world.say(node, '["get"]');
    for (const text of ["1", "2", "3"]) await world.publish("allnodes", text);
    let passed = 0;
    const release = world.air.intercept((frame, next) => {
      if (frame.source !== gatewayAddress || ++passed <= 1) next();
    });
    expect(await world.say(node, '["get"]')).toEqual(['["allnodes", "1", false]']);
    expect(passed).toBe(2);
    release();
    expect(world.node(node)).toMatchObject({ queued: 2, counters: { delivered: 1, undelivered: 1 } });
    expect(await world.say(node, '["get"]')).toEqual([
      '["allnodes", "2", false]',
      '["allnodes", "3", false]',
    ]);
  });

  it("of a silent node is reported once, until the node has taken something", async () => {
    await using world = await World.open();
    const { radio } = world.at(node);
    await world.say(node, '["t", "m", false, 0]');
    await world.publish("allnodes", "1");
    const lines = () => world.broker.textsOn("gw_errors");
    const wakeDeaf = async () => {
      const release = world.air.intercept((frame, next) => frame.destination === gatewayAddress && next());
      await world.say(node, '["t", "m", false, 0]');
      release();
    };
    for (let wake = 0; wake < 3; wake++) await wakeDeaf();
    expect(lines()).toEqual([`20/11/2026 09:05:00 Peer ${node} not responding`]);
    expect(radio.awake).toBe(true);
    await world.say(node, '["t", "m", false, 0]');
    await world.publish("allnodes", "2");
    await wakeDeaf();
    expect(lines()).toHaveLength(2);
  });

  it("is sent once though the node asks again and again", async () => {
    await using world = await World.open();
    await world.say(node, '["get"]');
    for (let count = 1; count <= 5; count++) await world.publish("allnodes", String(count));
    const { radio, heard } = world.at(node);
    const frame = new TextEncoder().encode('["get"]');
    for (let count = 0; count < 10; count++) void radio.send(gatewayAddress, frame);
    await world.pass(500);
    expect(heard).toHaveLength(5);
  });

  it("lets answers overtake messages: a node that pings waits 200 ms at the most", async () => {
    await using world = await World.open({ config: { qlen: 100 } });
    await world.say(node, '["get"]');
    for (let count = 1; count <= 50; count++) await world.publish("allnodes", String(count));
    const { radio, heard } = world.at(node);
    await world.until(radio.send(gatewayAddress, new TextEncoder().encode('["get"]')));
    await world.until(radio.send(gatewayAddress, new TextEncoder().encode('["ping"]')));
    await world.pass(500);
    expect(heard).toHaveLength(51);
    expect(heard.indexOf("UP")).toBeLessThan(5);
  });
});

describe("a message longer than a frame", () => {
  it("comes in parts that the node joins", async () => {
    await using world = await World.open();
    const receiver = world.linkNode(node);
    await world.until(receiver.subscribe("menu"));
    await world.pass(20);
    const long = "äöü 0123456789 ".repeat(50);
    await world.publish("menu", long);
    const got: string[] = [];
    await world.until(receiver.get(({ topic, message }) => got.push(`${topic}: ${message}`)));
    expect(got).toEqual([`menu: ${long}`]);
    expect(world.node(node)).toMatchObject({ queued: 0, counters: { delivered: 1 } });
  });

  it("waits as a whole until all its parts were taken, and arrives once", async () => {
    await using world = await World.open();
    const receiver = world.linkNode(node);
    await world.until(receiver.subscribe("menu"));
    await world.pass(20);
    const long = "0123456789".repeat(100);
    await world.publish("menu", long);
    let passed = 0;
    const release = world.air.intercept((frame, next) => {
      if (frame.source !== gatewayAddress || ++passed <= 3) next();
    });
    const got: string[] = [];
    await world.until(receiver.get(({ message }) => got.push(message)));
    release();
    expect([got.length, world.node(node)?.queued]).toEqual([0, 1]);
    await world.until(receiver.get(({ message }) => got.push(message)));
    expect(got).toEqual([long]);
    expect(world.node(node)?.queued).toBe(0);
  });

  it("arrives once though its last part was taken and that did not become known", async () => {
    await using world = await World.open();
    const receiver = world.linkNode(node);
    await world.until(receiver.subscribe("menu"));
    await world.pass(20);
    const long = "0123456789".repeat(60);
    await world.publish("menu", long);
    let passed = 0;
    const release = world.air.intercept((frame, next) => {
      // What passes late is not acknowledged.
      if (frame.source === gatewayAddress && ++passed === 3) world.clock.setTimer(1, () => next());
      else next();
    });
    const got: string[] = [];
    await world.until(receiver.get(({ message }) => got.push(message)));
    release();
    expect([got, passed, world.node(node)?.queued]).toEqual([[long], 3, 1]);
    await world.until(receiver.get(({ message }) => got.push(message)));
    expect([got, world.node(node)?.queued]).toEqual([[long], 0]);
  });

  it("goes in fewer frames where the radio carries longer ones", async () => {
    await using world = await World.open({ maximumFrameBytes: 1470 });
    await world.say(node, '["menu", 1]');
    await world.publish("menu", "x".repeat(1000));
    expect(await world.say(node, '["get"]')).toHaveLength(1);
  });

  it("that does not fit into 255 parts is dropped with a report, and blocks nothing", async () => {
    await using world = await World.open({
      config: { limits: { message_bytes: 1_000_000, queue_bytes: 2_000_000 } },
    });
    await world.say(node, '["get"]');
    await world.publish("allnodes", "x".repeat(100_000));
    await world.publish("allnodes", "short");
    expect(await world.say(node, '["get"]')).toEqual(['["allnodes", "short", false]']);
    expect(world.counters.deliveries).toEqual({ queued: 2, "too-long": 1, acknowledged: 1 });
    expect(world.broker.textsOn("gw_status").join()).toContain("does not fit into the radio's frames");
  });

  it("than may be is not passed on, with a report", async () => {
    await using world = await World.open();
    await world.say(node, '["get"]');
    await world.publish("allnodes", "x".repeat(16_385));
    expect(world.node(node)?.queued).toBe(0);
    expect(world.counters.messages).toMatchObject({ "too-long": 1 });
    expect(world.broker.textsOn("gw_status").join()).toContain("16385 bytes, at most 16384 are");
  });
});

describe("lpmode", () => {
  it("true keeps every message until the node asks", async () => {
    await using world = await World.open();
    await world.say(node, '["ping"]');
    await world.publish("allnodes", "x");
    await world.pass(1000);
    expect(world.at(node).heard).toEqual(["UP"]);
  });

  it("false sends each message at once", async () => {
    await using world = await World.open({ config: { lpmode: false } });
    await world.say(node, '["ping"]');
    for (const text of ["1", "2", "3"]) await world.publish("allnodes", text);
    expect(world.at(node).heard.slice(1)).toEqual([
      '["allnodes", "1", false]',
      '["allnodes", "2", false]',
      '["allnodes", "3", false]',
    ]);
    expect(world.node(node)).toMatchObject({ queued: 0, state: "awake" });
  });

  it("false keeps what the node does not take, and what comes after it, until it is heard", async () => {
    await using world = await World.open({ config: { lpmode: false } });
    await world.say(node, '["t", "m", false, 0]');
    world.at(node).radio.sleep();
    for (const text of ["1", "2"]) await world.publish("allnodes", text);
    expect(world.node(node)).toMatchObject({ queued: 2, state: "asleep", counters: { undelivered: 1 } });
    world.at(node).radio.wake();
    expect(await world.say(node, '["t", "m", false, 0]')).toEqual([
      '["allnodes", "1", false]',
      '["allnodes", "2", false]',
    ]);
  });

  it("false brings a burst that comes faster than the radio sends it, in order", async () => {
    await using world = await World.open({ config: { lpmode: false, qlen: 30 } });
    await world.say(node, '["t", "m", false, 0]');
    await world.until(
      Promise.all(Array.from({ length: 30 }, (_, count) => world.broker.publish("allnodes", `${count}`))),
    );
    await world.pass(500);
    expect(world.at(node).heard).toEqual(
      Array.from({ length: 30 }, (_, count) => `["allnodes", "${count}", false]`),
    );
  });
});

describe("a message from the broker that no node wants", () => {
  it("is counted and reported", async () => {
    await using world = await World.open();
    await world.say(node, '["t", 1]');
    void world.gateway.receive({ topic: "nobody", payload: new Uint8Array(), retain: false });
    await world.pass(10);
    expect(world.counters.messages).toMatchObject({ unrouted: 1 });
    expect(world.broker.textsOn("gw_errors")).toEqual([
      "20/11/2026 09:05:00 No nodes subscribed to topic nobody",
    ]);
  });
});
