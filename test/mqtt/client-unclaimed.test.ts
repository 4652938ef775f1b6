import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../src/base/index.ts";
import {
  encodePacket,
  keepIn,
  MemorySessionStore,
  type Message,
  type MqttClientOptions,
  type Packet,
  PacketReader,
  type PublishPacket,
} from "../../src/mqtt/index.ts";
import { incoming, setUp } from "./link-bench.ts";

/** A client whose session the broker has kept. */
function resume(options: Partial<MqttClientOptions> = {}) {
  return setUp(
    (packet) =>
      packet.type === "connect" ? { type: "connack", sessionPresent: true, reasonCode: 0 } : undefined,
    { clientId: "c", clean: false, ...options },
  );
}

const acknowledged = (received: readonly { readonly type: string; readonly packetId?: number }[]) =>
  received.filter(({ type }) => type === "puback" || type === "pubrec").map(({ packetId }) => packetId);

const again = (packet: Packet): Packet => ({ ...(packet as PublishPacket), duplicate: true });

const long = (qos: 0 | 1 | 2, packetId: number): Packet => ({
  ...(incoming("long", qos, packetId) as PublishPacket),
  payload: new Uint8Array(200_000),
});

describe("messages of a session that was kept", () => {
  it("wait for their subscription, and are acknowledged in their order", async () => {
    const { clock, broker, client } = resume();
    await clock.runUntil(client.ready());
    broker.latest.send(incoming("a", 1, 1), incoming("b", 2, 2), incoming("a", 1, 3));
    await clock.runUntil(client.publish("t", "first of all", { qos: 1 }));
    expect(acknowledged(broker.latest.received)).toEqual([]);
    const seen: string[] = [];
    const note = ({ topic }: Message) => void seen.push(topic);
    await clock.runUntil(client.subscribe("b", { qos: 2 }, note));
    expect(acknowledged(broker.latest.received)).toEqual([]);
    await clock.runUntil(client.subscribe("a", { qos: 1 }, note));
    await clock.advance(1);
    expect(seen).toEqual(["b", "a", "a"]);
    expect(acknowledged(broker.latest.received)).toEqual([1, 2, 3]);
    expect(client.stats).toMatchObject({ received: 3, unsettled: 0, unclaimed: 0 });
  });

  it("do not wait for ever: a subscription that is no more would stop the others", async () => {
    const { clock, broker, client } = resume();
    await clock.runUntil(client.ready());
    broker.latest.send(incoming("old", 1, 1));
    await clock.advance(9000);
    expect(acknowledged(broker.latest.received)).toEqual([]);
    await clock.advance(2000);
    broker.latest.send(incoming("old", 1, 2));
    await clock.advance(1);
    expect(acknowledged(broker.latest.received)).toEqual([1, 2]);
    expect(client.stats).toMatchObject({ unsettled: 0, unclaimed: 1 });
  });

  it("that wait while the connection breaks are given once at QoS 2, and stay with the broker when drained", async () => {
    const { clock, broker, client } = resume();
    await clock.runUntil(client.ready());
    broker.latest.send(incoming("a", 2, 1), incoming("a", 1, 2));
    await clock.advance(1);
    broker.latest.pair.cut();
    await clock.advance(1000);
    broker.latest.send(again(incoming("a", 2, 1)), again(incoming("a", 1, 2)));
    await clock.advance(1);
    const seen: number[] = [];
    await clock.runUntil(client.subscribe("a", {}, ({ qos }) => void seen.push(qos)));
    await clock.advance(1);
    expect(seen).toEqual([2, 1]);
    broker.latest.send(incoming("b", 1, 3));
    await clock.advance(1);
    await clock.runUntil(client.drain());
    expect(acknowledged(broker.latest.received)).toEqual([1, 2]);
  });

  it("that nobody reads are not acknowledged, and hold the broker at the limit", async () => {
    const { clock, broker, client } = resume({ incomingLimit: 5 });
    const subscription = await clock.runUntil(client.subscribe("t", { qos: 2 }));
    broker.latest.send(...Array.from({ length: 8 }, (_item, index) => incoming("t", 2, index + 1)));
    await clock.advance(1);
    expect(client.stats).toMatchObject({ received: 5, unsettled: 5, unread: 0 });
    expect(acknowledged(broker.latest.received)).toEqual([]);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { topic } of subscription) seen.push(topic);
    })();
    await clock.advance(1);
    expect(acknowledged(broker.latest.received)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    await clock.runUntil(client.close());
    await reading;
    expect(seen).toHaveLength(8);
  });

  it("that nobody has read when the client closes count as not received", async () => {
    const store = new MemorySessionStore();
    const { clock, broker, client } = resume({ keeper: keepIn(store) });
    await clock.runUntil(client.subscribe("t", { qos: 2 }));
    broker.latest.send(incoming("t", 2, 1));
    await clock.advance(1);
    await clock.runUntil(client.close());
    expect(store.load().received).toEqual([]);
  });
});

describe("a message that is too long", () => {
  it("is acknowledged and let go in MQTT 3.1.1, where the broker would send it for ever", async () => {
    const seen: string[] = [];
    const { clock, broker, client, statuses } = setUp(undefined, {
      maximumPacketBytes: 1000,
      onMessage: ({ topic }) => void seen.push(topic),
    });
    await clock.runUntil(client.ready());
    broker.latest.send(long(0, 0), long(1, 1), long(2, 2), incoming("behind it", 1, 3));
    await clock.advance(1);
    expect(seen).toEqual(["behind it"]);
    expect(acknowledged(broker.latest.received)).toEqual([1, 2, 3]);
    expect(client.stats.tooLong).toBe(3);
    expect(statuses.filter(({ type }) => type === "message-too-long")).toHaveLength(3);
    expect(statuses).toContainEqual({ type: "message-too-long", topic: "long", bytes: 200_010 });
    expect(broker.connections).toHaveLength(1);
  });

  it("is passed over by the reader in whatever pieces it comes, and never held", () => {
    const text = encodePacket({
      ...(incoming("t", 1, 9) as PublishPacket),
      payload: encodeUtf8("behind it"),
    });
    for (const length of [70, 300, 70_000]) {
      const first = encodePacket({ ...(long(1, 7) as PublishPacket), payload: new Uint8Array(length) });
      const bytes = new Uint8Array([...first, ...text]);
      for (const piece of [1, 7, 64, 1000, bytes.length]) {
        const reader = new PacketReader({ maximumPacketBytes: 64 });
        const packets: unknown[] = [];
        for (let start = 0; start < bytes.length; start += piece) {
          reader.push(bytes.slice(start, start + piece));
          for (let packet = reader.next(); packet; packet = reader.next()) packets.push(packet);
        }
        expect(packets).toEqual([
          expect.objectContaining({
            packetId: 7,
            topic: "long",
            leftOut: first.length,
            payload: new Uint8Array(0),
          }),
          expect.objectContaining({ packetId: 9, topic: "t" }),
        ]);
        expect(decodeUtf8((packets[1] as PublishPacket).payload)).toBe("behind it");
      }
    }
  });
});
