import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Clock, encodeUtf8 } from "../../src/base/index.ts";
import { MqttClient } from "../../src/mqtt/index.ts";
import { systemClock, systemCryptography, systemRandom } from "../../src/node/index.ts";
import { Exchange } from "../../src/remote/exchange.ts";
import { MqreplBoard } from "../../src/remote/mqrepl-board.ts";
import { NativeBoard } from "../../src/remote/native-board.ts";
import { decodeCommandTopic, encodeReplyTopic } from "../../src/wire/index.ts";
import { createMemoryBroker, type MemoryBroker } from "../support/memory-broker.ts";

const base = "shed/mqb";
let broker: MemoryBroker;
let client: MqttClient;
/** The timers of conversations that run. */
const timers = new Set<symbol>();

const clock: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  setTimer(delayMs, callback) {
    const id = Symbol("timer");
    timers.add(id);
    const end = () => timers.delete(id);
    const timer = systemClock.setTimer(delayMs, () => (end(), callback()));
    return { cancel: () => (end(), timer.cancel()) };
  },
};

beforeEach(async () => {
  timers.clear();
  broker = await createMemoryBroker();
  client = new MqttClient({ open: broker.open, clock: systemClock, random: systemRandom });
  client.start();
  await client.ready();
});

afterEach(async () => {
  await client.close();
  await broker[Symbol.asyncDispose]();
});

const open = (timeoutMs: number) =>
  Exchange.open({ client, clock, cryptography: systemCryptography, base, timeoutMs });

describe("a board that is silent (real)", () => {
  it("is said not to answer what was asked, whatever carries that", async () => {
    const exchange = await open(30);
    for (const board of [new NativeBoard(exchange), new MqreplBoard(exchange)]) {
      await expect(board.list("/")).rejects.toThrow("did not answer list for 0.03 s");
      await expect(board.remove("/x")).rejects.toThrow("did not answer remove for 0.03 s");
      await expect(board.evaluate("1")).rejects.toThrow("did not answer eval for 0.03 s");
    }
    expect(timers.size).toBe(0);
    await exchange.close();
  });

  it("leaves nobody waiting for a put when an evaluation on the way failed", async () => {
    await client.subscribe(`${base}/cmd/eval/#`, { qos: 1 }, ({ topic }) => {
      const id = decodeCommandTopic(base, topic)?.id ?? "";
      void client.publish(encodeReplyTopic(base, "err", id), encodeUtf8("no memory"), { qos: 1 });
    });
    const exchange = await open(60_000);
    await expect(new MqreplBoard(exchange).put("/file", new Uint8Array(50_000))).rejects.toThrow("no memory");
    expect(timers.size).toBe(0);
    await exchange.close();
  });
});

describe("a broker that lets nobody hear a board's refusals (real)", () => {
  it("is left without any subscription", async () => {
    const [given, taken] = [new Set<string>(), new Set<string>()];
    broker.aedes.authorizeSubscribe = (_client, subscription, done) =>
      done(null, subscription.topic.includes("/err/") ? null : subscription);
    broker.aedes.on("subscribe", (all) => all.forEach(({ topic, qos }) => qos < 128 && given.add(topic)));
    broker.aedes.on("unsubscribe", (all) => all.forEach((topic) => taken.add(topic)));
    await expect(open(1000)).rejects.toMatchObject({ code: "mqtt/subscribe-refused" });
    expect([...given]).toEqual([`${base}/reply/out/+`]);
    expect([...taken]).toEqual([...given]);
  });
});
