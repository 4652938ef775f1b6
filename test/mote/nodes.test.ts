import { describe, expect, it } from "vitest";
import { createSeededRandom, decodeUtf8, encodeUtf8 } from "../../src/base/index.ts";
import { LinkNode, type NodeMessage, PrototypeNode } from "../../src/mote/index.ts";
import { Air, VirtualClock } from "../../src/virtual/index.ts";
import { encodeDelivery } from "../../src/wire/index.ts";

/** A node on the air, and a gateway's radio that answers as the test says. */
function createWorld() {
  const clock = new VirtualClock();
  const air = new Air({ clock, random: createSeededRandom(1) });
  const gateway = air.join({ address: "020000000002", receiveBufferBytes: 10_000 });
  const radio = air.join({ address: "020000000001", x: 5, receiveBufferBytes: 10_000 });
  const stranger = air.join({ address: "020000000003" });
  const heard: string[] = [];
  const script: Record<string, readonly (string | Uint8Array)[]> = {};
  gateway.listen(({ source, bytes }) => {
    const text = decodeUtf8(bytes) ?? "";
    heard.push(text);
    for (const answer of script[text] ?? []) {
      void gateway.send(source, typeof answer === "string" ? encodeUtf8(answer) : answer);
    }
  });
  const options = { radio, clock, gateway: gateway.address };
  return { clock, air, gateway, radio, stranger, heard, script, options, run: clock.runUntil.bind(clock) };
}

const publication = '["shed", "hi", false, 0]';

describe("a node of the link dialect", () => {
  it.each([
    ["ACK", "acknowledged"],
    ["NAK", "broker-out"],
    ["BAD", "refused"],
  ])("takes %s for %s", async (answer, outcome) => {
    const { options, script, heard, run } = createWorld();
    script[publication] = [answer];
    expect(await run(new LinkNode(options).publish("shed", "hi"))).toBe(outcome);
    expect(heard).toEqual([publication]);
  });

  it("says no-answer after 200 ms of silence, which is not success", async () => {
    const { options, clock, run } = createWorld();
    expect(await run(new LinkNode(options).publish("shed", "hi"))).toBe("no-answer");
    expect(clock.monotonic()).toBeGreaterThan(200);
    expect(clock.monotonic()).toBeLessThan(203);
  });

  it("says not-delivered when the gateway's radio is off", async () => {
    const { options, gateway, run } = createWorld();
    gateway.sleep();
    expect(await run(new LinkNode(options).publish("shed", "hi"))).toBe("not-delivered");
  });

  it("keeps a message that comes before the answer, for get", async () => {
    const { options, script, run } = createWorld();
    script[publication] = ['["t", "early", false]', "ACK"];
    script['["get"]'] = ['["t", "later", true]'];
    const node = new LinkNode(options);
    expect(await run(node.publish("shed", "hi"))).toBe("acknowledged");
    const messages: NodeMessage[] = [];
    expect(await run(node.get((message) => messages.push(message)))).toBe(true);
    expect(messages.map(({ message, retained }) => [message, retained])).toEqual([
      ["early", false],
      ["later", true],
    ]);
  });

  it("takes answers from its gateway only", async () => {
    const { options, radio, stranger, run } = createWorld();
    const node = new LinkNode(options);
    const publishing = node.publish("shed", "hi");
    await run(stranger.send(radio.address, encodeUtf8("ACK")));
    expect(await run(publishing)).toBe("no-answer");
    expect(node.counters.get("foreign")).toBe(1);
  });

  it("does not take a late answer for that of the next question", async () => {
    const { options, gateway, radio, script, clock, run } = createWorld();
    const node = new LinkNode(options);
    expect(await run(node.publish("shed", "hi"))).toBe("no-answer");
    await run(gateway.send(radio.address, encodeUtf8("ACK")));
    await clock.advance(10);
    script['["ping"]'] = ["DOWN"];
    expect(await run(node.ping())).toBe("down");
    script[publication] = ["BAD"];
    expect(await run(node.publish("shed", "hi"))).toBe("refused");
  });

  it("asks, subscribes and unsubscribes with the bytes of the dialect", async () => {
    const { options, script, heard, run } = createWorld();
    script['["chan"]'] = ["6"];
    script['["aget"]'] = ["UP"];
    const node = new LinkNode(options);
    expect(await run(node.getChannel())).toBe(6);
    expect(await run(node.poll(() => {}))).toBe("up");
    expect(await run(node.subscribe("a/+", { qos: 1 }))).toBe(true);
    expect(await run(node.unsubscribe("a/+"))).toBe(true);
    expect(heard).toEqual(['["chan"]', '["aget"]', '["a/+", 1]', '["a/+", null]']);
  });

  it("joins a message that comes in parts, and cuts one that is too long for a frame", async () => {
    const { options, script, heard, run } = createWorld();
    const long = "wide ".repeat(100);
    script['["get"]'] =
      encodeDelivery({ topic: "menu", payload: encodeUtf8(long), retained: false }, 250, 7) ?? [];
    const node = new LinkNode(options);
    const messages: NodeMessage[] = [];
    await run(node.get((message) => messages.push(message)));
    expect(messages).toEqual([{ topic: "menu", message: long, retained: false }]);
    await run(node.publish("menu", long));
    expect(heard.at(-1)).toMatch(/^\["menu#\d+\.1\/3", "wide /);
  });

  it("keeps the newest messages when the program does not take them, and counts the others", async () => {
    const { options, gateway, radio, clock, run } = createWorld();
    const node = new LinkNode({ ...options, queueLimit: 2 });
    for (const text of ["1", "2", "3"])
      await run(gateway.send(radio.address, encodeUtf8(`["t", "${text}", false]`)));
    await clock.advance(10);
    const messages: string[] = [];
    await run(node.get(({ message }) => messages.push(message)));
    expect([messages, node.counters.get("queue-full")]).toEqual([["2", "3"], 1]);
  });

  it("finds the gateway's channel", async () => {
    const { options, gateway, radio, script, run } = createWorld();
    await gateway.setChannel(9);
    script['["chan"]'] = ["9"];
    expect(await run(new LinkNode(options).scan())).toBe(9);
    expect(radio.channel).toBe(9);
  });

  it("gives up a wait when told to", async () => {
    const { options, clock, run } = createWorld();
    const controller = new AbortController();
    const publishing = new LinkNode(options).publish("shed", "hi", { signal: controller.signal });
    await clock.advance(50);
    controller.abort(new Error("enough"));
    await expect(run(publishing)).rejects.toThrow("enough");
    expect(clock.monotonic()).toBe(50);
  });
});

describe("a node of the prototype dialect", () => {
  it.each([
    ['["ACK", "ACK"]', "acknowledged"],
    ['["OUT", "OUT"]', "refused"],
  ])("takes %s for %s when it asks for an acknowledgement", async (answer, outcome) => {
    const { options, script, run } = createWorld();
    script['["shed", "hi", false, 4]'] = [answer];
    expect(await run(new PrototypeNode(options).publish("shed", "hi", { acknowledge: true }))).toBe(outcome);
  });

  it("does not wait when it asks for none", async () => {
    const { options, clock, run } = createWorld();
    const outcome = await run(new PrototypeNode(options).publish("shed", "hi"));
    expect([outcome, clock.monotonic() < 5]).toEqual(["sent", true]);
  });

  it("listens until 200 ms of silence", async () => {
    const { options, gateway, radio, clock, run } = createWorld();
    const messages: string[] = [];
    const listening = new PrototypeNode(options).listen(({ message }) => messages.push(message));
    await clock.advance(150);
    await run(gateway.send(radio.address, encodeUtf8('["t", "one", false]')));
    await run(listening);
    expect(messages).toEqual(["one"]);
    expect(Math.round(clock.monotonic())).toBeGreaterThanOrEqual(350);
    expect(clock.monotonic()).toBeLessThan(360);
  });
});
