import { describe, expect, it } from "vitest";
import { decodeUtf8 } from "../../../src/base/index.ts";
import type { NodeItem } from "../../../src/gateway/native/index.ts";
import type { NativeNodeMessage } from "../../../src/mote/index.ts";
import { createNativeWorld } from "./world.ts";

const address = "020000000001";

/** Publications as `topic=payload`. */
function published(accepted: readonly { readonly item: NodeItem }[]): string[] {
  return accepted.flatMap(({ item }) =>
    item.type === "publish" ? [`${item.topic}=${decodeUtf8(item.payload)}`] : [],
  );
}

describe("a native node and its gateway", () => {
  it("join by a code, and then publish", async () => {
    const { joined, gateway, run } = createNativeWorld();
    const node = await joined();
    expect(await run(node.publish("shed", "21.5"))).toBe("stored");
    expect(published(gateway.accepted)).toEqual(["shed=21.5"]);
    expect(gateway.recordOf(address)).toMatchObject({ candidate: undefined, nextNumber: 1 });
    expect(node.counters.get("sessions")).toBe(1);
  });

  it("do not join with another code, nor while joining is closed", async () => {
    const { wake, gateway, run } = createNativeWorld();
    expect(await run(wake().join("WRONG-WRONG-WRONG-WRONG"))).toBe("no-answer");
    expect(await run(wake().join())).toBe("no-answer");
    const stranger = wake();
    expect(await run(stranger.publish("shed", "21.5"))).toBe("not-joined");
    expect(gateway.accepted).toEqual([]);
    expect(new Set(gateway.drops)).toEqual(new Set(["not-joined"]));
  });

  it("say in one answer: stored, the time, what waits", async () => {
    const { joined, gateway, clock, run } = createNativeWorld();
    const node = await joined();
    gateway.queue(address, "allnodes", "red");
    node.add("shed", "21.5");
    const before = clock.now();
    const exchange = await run(node.exchange());
    expect(exchange).toMatchObject({ outcome: "answered", waiting: 1, brokerOut: false });
    expect(Math.abs((exchange.time ?? 0) - before)).toBeLessThan(10);
    gateway.brokerOut = true;
    expect(await run(node.publish("shed", "21.6"))).toBe("broker-out");
  });

  it("bring what waits with the answer, and it does not come again", async () => {
    const { joined, gateway, run, clock } = createNativeWorld();
    const node = await joined();
    for (const colour of ["red", "green", "blue"])
      gateway.queue(address, "allnodes", colour, colour === "red");
    const messages: NativeNodeMessage[] = [];
    const outcome = await run(node.publish("shed", "21.5", { receive: (message) => messages.push(message) }));
    expect(outcome).toBe("stored");
    await clock.advance(10);
    expect(messages.map(({ topic, message, retained }) => [topic, message, retained])).toEqual([
      ["allnodes", "red", true],
      ["allnodes", "green", false],
      ["allnodes", "blue", false],
    ]);
    expect(gateway.waiting(address)).toBe(0);
  });

  it("carry hundreds of messages in order, burst by burst", async () => {
    const { joined, gateway, run, clock } = createNativeWorld();
    const node = await joined();
    const sent = Array.from({ length: 300 }, (_, index) => `message ${index} ${"x".repeat(index % 90)}`);
    for (const text of sent) gateway.queue(address, "allnodes", text);
    const got: string[] = [];
    await run(node.exchange(({ message }) => got.push(message)));
    await clock.advance(10);
    expect(got).toEqual(sent);
    expect(gateway.waiting(address)).toBe(0);
  });

  it("take readings with their ages, several in a frame, and as many frames as it needs", async () => {
    const { joined, gateway, run, clock, air } = createNativeWorld();
    const node = await joined();
    const now = clock.now();
    for (let minute = 59; minute >= 0; minute--) {
      node.add("shed", `t${minute}`, { takenAt: now - minute * 60_000 });
    }
    const before = air.report()[address]?.framesSent ?? 0;
    await run(node.exchange());
    const ages = gateway.accepted.map(({ item }) => (item.type === "publish" ? item.ageSeconds : -1));
    expect(ages).toEqual(Array.from({ length: 60 }, (_, index) => (59 - index) * 60 || undefined));
    expect((air.report()[address]?.framesSent ?? 0) - before).toBeLessThanOrEqual(4);
  });

  it.each([236, 237, 1000, 16_000])("carry %i bytes either way, binary as they are", async (length) => {
    const { joined, gateway, run, clock } = createNativeWorld();
    const node = await joined();
    const payload = Uint8Array.from({ length }, (_, index) => (index * 7) & 0xff);
    expect(await run(node.publish("camera", payload))).toBe("stored");
    const [first] = gateway.accepted;
    expect(first?.item.type === "publish" && first.item.payload).toEqual(payload);
    gateway.queue(address, "config/big", payload);
    gateway.queue(address, "config/small", "after");
    const got: NativeNodeMessage[] = [];
    await run(node.exchange((message) => got.push(message)));
    await clock.advance(10);
    expect(got.map(({ topic }) => topic)).toEqual(["config/big", "config/small"]);
    expect(got[0]?.payload).toEqual(payload);
    expect(gateway.waiting(address)).toBe(0);
  });

  it("refuse for good what is too long, at both ends, and go on", async () => {
    const { joined, gateway, run, clock } = createNativeWorld();
    const node = await joined({ maximumMessageBytes: 1000 });
    expect(await run(node.publish("big", new Uint8Array(17_000)))).toBe("refused");
    expect(await run(node.publish("huge", new Uint8Array(100_000)))).toBe("refused");
    gateway.queue(address, "big", new Uint8Array(2000));
    gateway.queue(address, "huge", new Uint8Array(100_000));
    gateway.queue(address, "small", "fits");
    const got: string[] = [];
    await run(node.publish("after", "it", { receive: ({ topic }) => got.push(topic) }));
    await clock.advance(10);
    expect(got).toEqual(["small"]);
    expect(gateway.waiting(address)).toBe(0);
    expect(gateway.done.map(({ taken }) => taken)).toEqual([false, true]);
    expect(published(gateway.accepted)).toEqual(["after=it"]);
  });

  it("tell each item's fate: refused for good, or later", async () => {
    const { joined, gateway, run } = createNativeWorld();
    const node = await joined();
    gateway.judge = (item) => {
      if (item.type !== "publish") return "stored";
      return item.topic === "bad"
        ? { refused: "not-allowed" }
        : item.topic === "full"
          ? { later: "full" }
          : "stored";
    };
    expect(await run(node.publish("bad", "x"))).toBe("refused");
    expect(await run(node.publish("full", "x"))).toBe("later");
    expect(await run(node.publish("good", "x"))).toBe("later");
    gateway.judge = () => "stored";
    expect(await run(node.publish("last", "x"))).toBe("stored");
    expect(published(gateway.accepted)).toEqual(["full=x", "good=x", "last=x"]);
  });

  it("carry subscriptions, wake contract, will and energy", async () => {
    const { joined, gateway, run } = createNativeWorld();
    const node = await joined();
    node.announceWakes(300, 60);
    node.leaveWill({ topic: "shed/gone", message: "yes", retain: true });
    node.report({ batteryMillivolts: 3700, awakeMs: 12 });
    expect(await run(node.subscribe("set/#"))).toBe("stored");
    expect(await run(node.unsubscribe("set/#"))).toBe("stored");
    expect(await run(node.leave())).toBe("stored");
    expect(gateway.accepted.map(({ item }) => item)).toMatchObject([
      { type: "contract", periodSeconds: 300, toleranceSeconds: 60 },
      { type: "will", will: { topic: "shed/gone", retain: true } },
      { type: "energy", energy: { batteryMillivolts: 3700, awakeMs: 12 } },
      { type: "subscribe", filter: "set/#", qos: 1 },
      { type: "unsubscribe", filter: "set/#" },
      { type: "leave" },
    ]);
  });

  it("push what comes to a node that stays awake, each once", async () => {
    const { joined, gateway, clock, run } = createNativeWorld();
    const node = await joined();
    gateway.queue(address, "lamp", "first");
    const got: string[] = [];
    const listening = node.listen(({ message }) => got.push(message), { silenceMs: 500 });
    await clock.advance(50);
    for (let count = 0; count < 40; count++) {
      gateway.queue(address, "lamp", `push ${count}`);
      await clock.advance(20);
    }
    expect(await run(listening)).toBe("answered");
    await clock.advance(10);
    expect(got).toEqual(["first", ...Array.from({ length: 40 }, (_, count) => `push ${count}`)]);
    expect(gateway.waiting(address)).toBe(0);
  });

  it("push hundreds at once to a node that stays awake, burst by burst", async () => {
    const { joined, gateway, clock, run } = createNativeWorld();
    const node = await joined();
    const got: string[] = [];
    const listening = node.listen(({ message }) => got.push(message), { silenceMs: 500 });
    await clock.advance(50);
    const sent = Array.from({ length: 300 }, (_, index) => `message ${index}`);
    for (const text of sent) gateway.queue(address, "lamp", text);
    expect(await run(listening)).toBe("answered");
    await clock.advance(10);
    expect(got).toEqual(sent);
    expect(gateway.waiting(address)).toBe(0);
    expect(clock.monotonic()).toBeLessThan(2000);
  });

  it("publish while they listen, and are found again by a gateway that was started anew", async () => {
    const { joined, gateway, clock, run } = createNativeWorld();
    const node = await joined();
    const got: string[] = [];
    const listening = node.listen(({ message }) => got.push(message), { silenceMs: 20_000, pollMs: 5000 });
    await clock.advance(50);
    gateway.queue(address, "lamp", "one");
    expect(await run(node.publish("lamp/state", "on"))).toBe("stored");
    await clock.advance(50);
    gateway.queue(address, "lamp", "two");
    await clock.advance(50);
    gateway.restart();
    gateway.queue(address, "lamp", "three");
    await clock.advance(1000);
    expect(got).toEqual(["one", "two"]);
    await clock.advance(5000);
    expect(got).toEqual(["one", "two", "three"]);
    gateway.queue(address, "lamp", "four");
    await clock.advance(50);
    expect(await run(listening)).toBe("answered");
    expect([got.at(-1), gateway.waiting(address)]).toEqual(["four", 0]);
  });

  it("sleep and wake in the same session: no hello, and topics by their aliases", async () => {
    const { joined, wake, run, air, clock } = createNativeWorld();
    let state = (
      await (async () => {
        const first = await joined();
        await run(first.publish("a/rather/long/topic/name", "21.5"));
        return first;
      })()
    ).save();
    state = JSON.parse(JSON.stringify(state)) as typeof state;
    const before = air.report()[address];
    const node = wake(state);
    expect(await run(node.publish("a/rather/long/topic/name", "21.6"))).toBe("stored");
    const after = air.report()[address];
    expect((after?.framesSent ?? 0) - (before?.framesSent ?? 0)).toBe(1);
    // Header 5, flags 1, number 2, kind 1, alias 1, length 1, payload 4, tag 8.
    expect((after?.bytesSent ?? 0) - (before?.bytesSent ?? 0)).toBe(23);
    expect(clock.monotonic()).toBeLessThan(100);
  });

  it("begin a new session where the gateway has lost its own, at the cost of one frame each way", async () => {
    const { joined, gateway, run, air } = createNativeWorld();
    const node = await joined();
    await run(node.publish("shed", "1"));
    gateway.restart();
    const before = air.report()[address]?.framesSent ?? 0;
    expect(await run(node.publish("shed", "2"))).toBe("stored");
    expect((air.report()[address]?.framesSent ?? 0) - before).toBe(2);
    expect(published(gateway.accepted)).toEqual(["shed=1", "shed=2"]);
  });

  it("go on with the next number when the node has lost its memory", async () => {
    const { joined, wake, gateway, run } = createNativeWorld();
    const node = await joined();
    for (const text of ["1", "2", "3"]) await run(node.publish("shed", text));
    const state = node.save();
    if (!state) throw new Error("no state");
    const reborn = wake({ key: state.key });
    expect(await run(reborn.publish("shed", "4"))).toBe("stored");
    expect(published(gateway.accepted)).toEqual(["shed=1", "shed=2", "shed=3", "shed=4"]);
    expect(gateway.recordOf(address).nextNumber).toBe(4);
  });

  it("hand a message over again only if the program threw at it", async () => {
    const { joined, gateway, run, clock } = createNativeWorld();
    const node = await joined();
    gateway.queue(address, "t", "one");
    gateway.queue(address, "t", "two");
    const got: string[] = [];
    await expect(
      run(
        node.exchange(({ message }) => {
          if (message === "two") throw new Error("not now");
          got.push(message);
        }),
      ),
    ).rejects.toThrow("not now");
    await run(node.exchange(({ message }) => got.push(message)));
    await clock.advance(10);
    expect([got, gateway.waiting(address)]).toEqual([["one", "two"], 0]);
  });

  it("join anew with the key that they have, or a new one, without taking anything twice", async () => {
    const { joined, wake, gateway, run } = createNativeWorld();
    const node = await joined();
    await run(node.publish("shed", "1"));
    const before = node.save();
    const { key } = gateway.recordOf(address);
    const again = await joined();
    expect(await run(again.publish("shed", "2"))).toBe("stored");
    expect(gateway.recordOf(address).key).not.toBe(key);
    expect(published(gateway.accepted)).toEqual(["shed=1", "shed=2"]);
    // The old key is worth nothing any more.
    expect(await run(wake(before).publish("shed", "old"))).toBe("no-answer");
  });
});
