import { describe, expect, it } from "vitest";
import { World } from "./world.ts";

const node = "02000000aa01";

describe("a publication of a prototype node", () => {
  it("reaches the broker with its topic, payload, retain flag and qos, and is not answered", async () => {
    await using world = await World.open();
    expect(await world.say(node, '["shed", "21.5", true, 1]')).toEqual([]);
    expect(await world.say(node, '["shed/two", "", false, 0]')).toEqual([]);
    expect(world.broker.taken.filter(({ topic }) => topic.startsWith("shed"))).toMatchObject([
      { topic: "shed", text: "21.5", retain: true, qos: 1 },
      { topic: "shed/two", text: "", retain: false, qos: 0 },
    ]);
  });

  it.each([4, 5, 6])(
    "is acknowledged if bit 2 of its qos is set (%i), which the broker never sees",
    async (qos) => {
      await using world = await World.open();
      expect(await world.say(node, `["shed", "x", false, ${qos}]`)).toEqual(['["ACK", "ACK"]']);
      expect(world.broker.taken.find(({ topic }) => topic === "shed")).toMatchObject({
        text: "x",
        qos: qos - 4,
      });
    },
  );

  it("is refused with OUT while the broker is out, asked for or not", async () => {
    await using world = await World.open();
    await world.say(node, '["shed", "before", false, 0]');
    await world.cut();
    expect(await world.say(node, '["shed", "meanwhile", false, 0]')).toEqual(['["OUT", "OUT"]']);
    expect(await world.say(node, '["shed", "meanwhile", false, 5]')).toEqual(['["OUT", "OUT"]']);
    await world.restore();
    expect(await world.say(node, '["shed", "after", false, 5]')).toEqual(['["ACK", "ACK"]']);
    expect(world.broker.textsOn("shed")).toEqual(["before", "after"]);
    expect(world.counters.frames).toMatchObject({ publish: 2, "broker-out": 2 });
  });

  it("is refused with OUT when too many messages wait for the broker", async () => {
    await using world = await World.open({ config: { limits: { uplinks: 3 } } });
    await world.say(node, '["shed", "0", false, 1]');
    world.broker.hang(true);
    const answers: string[][] = [];
    for (let count = 1; count <= 4; count++)
      answers.push(await world.say(node, `["shed", "${count}", false, 1]`));
    expect(answers).toEqual([[], [], [], ['["OUT", "OUT"]']]);
    world.broker.hang(false);
    await world.pass(100);
    expect(world.broker.textsOn("shed")).toEqual(["0", "1", "2", "3"]);
  });

  it("brings the waiting messages at once, after its acknowledgement", async () => {
    await using world = await World.open();
    await world.say(node, '["shed", "x", false, 0]');
    await world.publish("allnodes", "red");
    await world.publish("allnodes", "green");
    expect(await world.say(node, '["shed", "y", false, 4]')).toEqual([
      '["ACK", "ACK"]',
      '["allnodes", "red", false]',
      '["allnodes", "green", false]',
    ]);
    expect(await world.say(node, '["shed", "y", false, 0]')).toEqual([]);
  });

  it("brings the waiting messages also when it is refused", async () => {
    await using world = await World.open();
    await world.say(node, '["shed", "x", false, 0]');
    await world.publish("allnodes", "red");
    await world.cut();
    expect(await world.say(node, '["shed", "y", false, 0]')).toEqual([
      '["OUT", "OUT"]',
      '["allnodes", "red", false]',
    ]);
  });

  it("that can never be accepted gets no answer: there is no word for it", async () => {
    await using world = await World.open();
    expect(await world.say(node, '["a/+", "x", false, 4]')).toEqual([]);
    expect(world.counters.frames).toEqual({ "bad-topic": 1 });
  });
});

describe("a publication of a link node", () => {
  it("is acknowledged, and brings no messages with it", async () => {
    await using world = await World.open();
    await world.say(node, '["ping"]');
    await world.publish("allnodes", "red");
    expect(await world.say(node, '["shed", "21.5", false, 1]')).toEqual(["ACK"]);
    expect(world.broker.textsOn("shed")).toEqual(["21.5"]);
  });

  it("is accepted with NAK while the broker is out, and reaches it later in its turn", async () => {
    await using world = await World.open();
    await world.say(node, '["ping"]');
    await world.cut();
    for (const text of ["1", "2", "3"]) {
      expect(await world.say(node, `["shed", "${text}", false, 1]`)).toEqual(["NAK"]);
    }
    await world.restore();
    expect(world.broker.textsOn("shed")).toEqual(["1", "2", "3"]);
    expect(world.counters.uplinks).toEqual({ published: 3 });
  });

  it("hears ACK, then NAK when more than half of the room is taken, then BAD when all is", async () => {
    await using world = await World.open({ config: { limits: { uplinks: 10 } } });
    await world.say(node, '["ping"]');
    world.broker.hang(true);
    const answers: string[] = [];
    for (let count = 0; count < 13; count++)
      answers.push(...(await world.say(node, `["shed", "${count}", false, 1]`)));
    expect(answers.join(" ")).toBe("ACK ACK ACK ACK ACK NAK NAK NAK NAK NAK BAD BAD BAD");
    world.broker.hang(false);
    await world.pass(100);
    expect(world.broker.textsOn("shed")).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    expect(world.counters.frames).toMatchObject({ publish: 10, "too-many-uplinks": 3 });
  });

  it.each([
    ['["a/+", "x", false, 0]', "bad-topic"],
    ['["", "x", false, 0]', "bad-topic"],
    ['["t", "x", false, 7]', "bad-qos"],
    ['["t", "x", false, "1"]', "bad-qos"],
    ['["t", "x", 5, 1]', "bad-retain"],
    ['["$SYS/x", "x", false, 0]', "reserved-topic"],
    ['["moteq/bridge/state", "x", false, 0]', "reserved-topic"],
  ])("that asks the impossible, as %s, hears BAD", async (frame, refusal) => {
    await using world = await World.open();
    await world.say(node, '["ping"]');
    expect(await world.say(node, frame)).toEqual(["BAD"]);
    expect(world.counters.frames).toEqual({ ping: 1, [refusal]: 1 });
  });
});

describe("the commands of a link node", () => {
  it("ping is answered UP, or DOWN while the broker is out", async () => {
    await using world = await World.open();
    expect(await world.say(node, '["ping"]')).toEqual(["UP"]);
    await world.cut();
    expect(await world.say(node, '["ping"]')).toEqual(["DOWN"]);
    await world.restore();
    expect(await world.say(node, '["ping"]')).toEqual(["UP"]);
  });

  it("chan is answered with the radio's channel in decimal", async () => {
    await using world = await World.open();
    expect(await world.say(node, '["chan"]')).toEqual(["6"]);
  });

  it("get is answered with the waiting messages, oldest first, or with nothing", async () => {
    await using world = await World.open();
    expect(await world.say(node, '["get"]')).toEqual([]);
    for (const text of ["red", "green"]) await world.publish("allnodes", text);
    expect(await world.say(node, '["get"]')).toEqual([
      '["allnodes", "red", false]',
      '["allnodes", "green", false]',
    ]);
    expect(await world.say(node, '["get"]')).toEqual([]);
  });

  it("aget is answered with UP or DOWN, then the waiting messages", async () => {
    await using world = await World.open();
    await world.say(node, '["get"]');
    await world.publish("allnodes", "red");
    expect(await world.say(node, '["aget"]')).toEqual(["UP", '["allnodes", "red", false]']);
    await world.cut();
    expect(await world.say(node, '["aget"]')).toEqual(["DOWN"]);
  });

  it("one that is not known gets no answer, and is reported", async () => {
    await using world = await World.open();
    expect(await world.say(node, '["foo"]')).toEqual([]);
    expect(world.broker.textsOn("gw_errors")).toEqual([
      `20/11/2026 09:05:00 Warning: unknown command foo from node ${node}`,
    ]);
  });
});

describe("the dialect of a node", () => {
  it("is prototype until it sends a list of one element, link from then on", async () => {
    await using world = await World.open();
    expect(await world.say(node, '["t", "m", false, 0]')).toEqual([]);
    expect(world.node(node)?.dialect).toBe("prototype");
    await world.say(node, '["get"]');
    expect(await world.say(node, '["t", "m", false, 0]')).toEqual(["ACK"]);
    expect(await world.say(node, '["t", "m", false, 4]')).toEqual(["ACK"]);
    expect(world.node(node)?.dialect).toBe("link");
  });

  it("is what the gateway is set to until the node shows another", async () => {
    await using world = await World.open({ config: { dialect: "link" } });
    expect(await world.say(node, '["t", "m", false, 0]')).toEqual(["ACK"]);
    expect(await world.say(node, '["t", "m", false, 4]')).toEqual(['["ACK", "ACK"]']);
  });

  it("is what was set by hand, whatever the node shows", async () => {
    await using world = await World.open({
      config: { nodes: { "02:00:00:00:AA:01": { dialect: "prototype" } } },
    });
    await world.say(node, '["ping"]');
    expect(await world.say(node, '["t", "m", false, 0]')).toEqual([]);
  });

  it("is remembered over a restart", async () => {
    const first = await World.open();
    await first.say(node, '["ping"]');
    await first[Symbol.asyncDispose]();
    await using second = await World.open({ store: first.store });
    expect(second.node(node)?.dialect).toBe("link");
    expect(await second.say(node, '["t", "m", false, 0]')).toEqual(["ACK"]);
  });
});

describe("first contact", () => {
  it.each(['["t", "m", false, 0]', '["t", 1]', '["t", null]', '["get"]', '["foo"]', '["t", 9]'])(
    "%s makes a node known, and subscribes it to the topic of all",
    async (frame) => {
      await using world = await World.open();
      await world.say(node, frame);
      await world.publish("allnodes", "hello");
      expect(world.node(node)).toMatchObject({ node, name: node, queued: 1 });
    },
  );

  it.each(["7", "hello", "[]", "[1, 2, 3]", "null", '{"a": 1}'])(
    "%s does not: any noise could",
    async (frame) => {
      await using world = await World.open();
      await world.say(node, frame);
      expect(world.node(node)).toBeUndefined();
    },
  );

  it("is refused when as many nodes are known as may be; those go on being served", async () => {
    await using world = await World.open({ config: { limits: { nodes: 2 } } });
    for (const digit of [1, 2, 3, 3]) await world.say(`02000000aa0${digit}`, '["ping"]');
    expect(world.gateway.report().nodes).toHaveLength(2);
    expect(world.at("02000000aa03").heard).toEqual([]);
    expect(await world.say("02000000aa02", '["ping"]')).toEqual(["UP"]);
    expect(world.counters.frames).toEqual({ ping: 3, "too-many-nodes": 2 });
    expect(world.broker.textsOn("gw_status").at(-1)).toBe(
      "20/11/2026 09:05:00 Node 02000000aa03 is not taken: 2 nodes are known already",
    );
  });
});

describe("binary and long uplinks", () => {
  it("carry bytes that are no UTF-8", async () => {
    await using world = await World.open();
    const payload = Uint8Array.from({ length: 100 }, (_, index) => index * 2.55);
    const sender = world.linkNode(node);
    await world.until(sender.ping());
    expect(await world.until(sender.publish("raw", payload))).toBe("acknowledged");
    await world.pass(10);
    expect(world.broker.taken.find(({ topic }) => topic === "raw")?.payload).toEqual(payload);
  });

  it("longer than a frame arrive as one message, once", async () => {
    await using world = await World.open();
    const long = "0123456789".repeat(100);
    const sender = world.linkNode(node);
    await world.until(sender.ping());
    expect(await world.until(sender.publish("long/text", long, { qos: 1, retain: true }))).toBe(
      "acknowledged",
    );
    await world.pass(10);
    expect(world.broker.taken.filter(({ topic }) => topic === "long/text")).toMatchObject([
      { text: long, qos: 1, retain: true },
    ]);
    expect(world.counters.frames).toMatchObject({ publish: 1, part: 4 });
  });

  it("lacking a part are refused and reported", async () => {
    await using world = await World.open();
    await world.say(node, '["ping"]');
    expect(await world.say(node, '["t#1.1/3", "a", false, 0]')).toEqual(["ACK"]);
    expect(await world.say(node, '["t#1.3/3", "c", false, 0]')).toEqual(["BAD"]);
    expect(world.counters.frames).toMatchObject({ part: 1, "missing-part": 1 });
    expect(world.broker.textsOn("t")).toEqual([]);
  });

  it("longer than may be are refused", async () => {
    await using world = await World.open({ config: { limits: { message_bytes: 300 } } });
    const sender = world.linkNode(node);
    await world.until(sender.ping());
    expect(await world.until(sender.publish("t", "x".repeat(301)))).toBe("refused");
    expect(await world.until(sender.publish("t", "x".repeat(300)))).toBe("acknowledged");
  });

  it("do not count a last part as taken that was refused", async () => {
    await using world = await World.open({ config: { limits: { uplinks: 1 } } });
    await world.say(node, '["ping"]');
    await world.say(node, '["t#1.1/2", "a", false, 1]');
    world.broker.hang(true);
    await world.say(node, '["other", "x", false, 1]');
    expect(await world.say(node, '["t#1.2/2", "b", false, 1]')).toEqual(["BAD"]);
    world.broker.hang(false);
    await world.pass(50);
    expect(await world.say(node, '["t#1.2/2", "b", false, 1]')).toEqual(["ACK"]);
    expect(world.broker.textsOn("t")).toEqual(["ab"]);
  });
});

describe("a node that sends too many frames", () => {
  it("is heard as often as allowed, is reported once, and does not slow another", async () => {
    await using world = await World.open({ config: { limits: { frames_a_second: 10 } } });
    const { radio } = world.at(node);
    const frame = new TextEncoder().encode('["t", "m", false, 0]');
    await world.until(Promise.all(Array.from({ length: 100 }, () => radio.send("02006d6f7465", frame))));
    await world.pass(10);
    const { publish = 0, "too-many-frames": refused = 0 } = world.counters.frames;
    expect(publish + refused).toBe(100);
    expect(publish).toBeGreaterThanOrEqual(20);
    expect(publish).toBeLessThanOrEqual(22);
    expect(await world.say("02000000aa02", '["ping"]')).toEqual(["UP"]);
    expect(
      world.broker.textsOn("gw_status").filter((line) => line.includes("sends more than 10")),
    ).toHaveLength(1);
  });
});
