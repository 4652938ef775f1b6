import { describe, expect, it } from "vitest";
import { createSeededRandom } from "../../src/base/index.ts";
import { MqttClient, type MqttClientOptions, type Packet } from "../../src/mqtt/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";
import { incoming, setUp, unanswered } from "./link-bench.ts";

describe("handlers that wait for an answer which stands behind more messages than may be taken", () => {
  it("have the connection given up, and get their answer on the next", async () => {
    let handled = 0;
    const { clock, client, broker, statuses } = setUp(undefined, {
      incomingLimit: 5,
      onMessage: async () => {
        await client.publish("out", "x", { qos: 1 });
        handled++;
      },
    });
    await clock.runUntil(client.ready());
    broker.latest.send(...Array.from({ length: 30 }, () => incoming("in")));
    await clock.advance(9_999);
    expect([handled, client.stats.unsettled]).toEqual([0, 5]);
    await clock.advance(1);
    expect(statuses.at(-1)).toMatchObject({
      error: { code: "mqtt/timeout", message: expect.stringMatching(/no handler has taken/) as string },
    });
    await clock.advance(1000);
    expect([handled, client.stats.unsettled]).toEqual([5, 0]);
    await clock.runUntil(client.close());
  });

  it("are left in peace while one after the other is done", async () => {
    const { clock, client, broker, troubles } = setUp(undefined, {
      incomingLimit: 2,
      onMessage: () => new Promise<void>((resolve) => clock.setTimer(8000, resolve)),
    });
    await clock.runUntil(client.ready());
    const publishing = client.publish("t", "x", { qos: 1 });
    broker.latest.send(...Array.from({ length: 12 }, () => incoming("in")));
    await clock.runUntil(publishing);
    await clock.advance(60_000);
    expect(client.stats).toMatchObject({ received: 12, unsettled: 0 });
    expect(troubles()).toEqual([]);
    await clock.runUntil(client.close());
  });
});

describe("a broker that breaks the protocol", () => {
  it.each<[string, number[], string]>([
    ["bytes that are no packet", [0x00, 0x00], "bad-type"],
    ["a topic that is no UTF-8", [0x30, 0x03, 0x00, 0x01, 0xff], "bad-topic"],
    ["a packet over the limit", [0x90, 0xff, 0xff, 0xff, 0x7f], "too-long"],
    ["an answer to nothing", [0x40, 0x02, 0x00, 0x09], "unexpected"],
    ["a second CONNACK", [0x20, 0x02, 0x00, 0x00], "unexpected"],
  ])("is left for sending %s, and the client goes on", async (_name, bytes, reason) => {
    const { clock, client, broker, statuses } = setUp();
    await clock.runUntil(client.ready());
    broker.latest.sendBytes(...bytes);
    await clock.advance(0);
    expect(statuses.at(-1)).toMatchObject({
      type: "disconnected",
      error: { code: "mqtt/protocol", detail: { reason } },
    });
    expect(broker.latest.closed).toBe(true);
    await clock.runUntil(client.publish("t", "x", { qos: 1 }));
    expect(broker.connections).toHaveLength(2);
    await clock.runUntil(client.close());
  });

  it("is left for speaking before CONNACK", async () => {
    const { clock, client, troubles } = setUp((packet) =>
      packet.type === "connect" ? incoming("t") : undefined,
    );
    await clock.advance(0);
    expect(troubles()).toEqual(["mqtt/protocol"]);
    await clock.runUntil(client.close());
  });

  it("is forgiven a second acknowledgement", async () => {
    const { clock, client, broker, troubles } = setUp();
    await clock.runUntil(client.publish("t", "x", { qos: 1 }));
    broker.latest.send({ type: "puback", packetId: 1 });
    await clock.runUntil(client.publish("t", "x", { qos: 1 }));
    expect(troubles()).toEqual([]);
    expect(client.stats.unexpected).toBe(1);
    await clock.runUntil(client.close());
  });
});

describe("options", () => {
  const base = {
    open: () => Promise.reject(new Error("no")),
    clock: new VirtualClock(),
    random: createSeededRandom(1),
  };

  it.each<[string, Partial<MqttClientOptions>, RegExp]>([
    [
      "a keepalive over two bytes",
      { keepaliveSeconds: 70_000 },
      /keepaliveSeconds must be a whole number, 0 … 65535, got 70000/,
    ],
    ["half a second", { keepaliveSeconds: 1.5 }, /got 1.5/],
    ["no window", { inflightLimit: 0 }, /inflightLimit/],
    ["no number", { offlineLimit: Number.NaN }, /got NaN/],
    ["a password alone", { password: "p" }, /a password needs a username/],
    ["no name for a session", { clientId: "", clean: false }, /a session that is kept needs a clientId/],
    ["a NUL", { clientId: "a\0b" }, /clientId must be/],
    ["no way", { open: [] }, /at least one way/],
    [
      "a will to a wildcard",
      { will: { topic: "a/#", payload: "" } },
      /the topic name "a\/#" holds a wildcard/,
    ],
    [
      "a will too long",
      { will: { topic: "a", payload: new Uint8Array(70_000) } },
      /will.payload must be at most 65535 bytes/,
    ],
  ])("refuse %s", (_name, options, message) => {
    expect(() => new MqttClient({ ...base, ...options })).toThrow(message);
  });
});

describe("batches", () => {
  it("send what is published in one turn in one piece", async () => {
    const { clock, client, broker } = setUp();
    await clock.runUntil(client.ready());
    const pieces = broker.latest.pieces;
    for (let index = 0; index < 100; index++) void client.publish("t", "x", { qos: 1 });
    await clock.advance(0);
    expect(broker.latest.types.filter((type) => type === "publish")).toHaveLength(100);
    expect(broker.latest.pieces).toBe(pieces + 1);
    await clock.runUntil(client.close());
  });

  it("acknowledge what comes in one piece in one piece", async () => {
    const { clock, client, broker } = setUp();
    await clock.runUntil(client.ready());
    const pieces = broker.latest.pieces;
    broker.latest.send(...Array.from({ length: 50 }, (_, index) => incoming("t", 1, index + 1)));
    await clock.advance(0);
    expect(broker.latest.types.filter((type) => type === "puback")).toHaveLength(50);
    expect(broker.latest.pieces).toBe(pieces + 1);
    await clock.runUntil(client.close());
  });
});

describe("a window that is open", () => {
  it("is filled again a quarter at a time, and one by one when little is in flight", async () => {
    const { clock, client, broker } = setUp(unanswered("publish"), { inflightLimit: 100 });
    await clock.runUntil(client.ready());
    const published = () => broker.latest.types.filter((type) => type === "publish").length;
    for (let index = 0; index < 200; index++) void client.publish("t", "x", { qos: 1 });
    await clock.advance(0);
    expect(published()).toBe(100);
    let packetId = 0;
    const acknowledge = async (count: number) => {
      const answers = Array.from({ length: count }, (): Packet => ({ type: "puback", packetId: ++packetId }));
      broker.latest.send(...answers);
      await clock.advance(0);
    };
    await acknowledge(24);
    expect(published()).toBe(100);
    await acknowledge(1);
    expect(published()).toBe(125);
    await acknowledge(100);
    expect(published()).toBe(200);
    await acknowledge(60);
    for (let index = 1; index <= 10; index++) {
      void client.publish("t", "x", { qos: 1 });
      await clock.advance(0);
      expect(published()).toBe(200 + index);
    }
    await clock.runUntil(client.close());
  });
});
