import { describe, expect, it } from "vitest";
import { createSeededRandom, decodeUtf8 } from "../../src/base/index.ts";
import {
  keepIn,
  MemorySessionStore,
  type MqttClientOptions,
  mqttErrors,
  type PublishPacket,
  type SessionStore,
  type StoreChange,
} from "../../src/mqtt/index.ts";
import type { VirtualClock } from "../../src/virtual/index.ts";
import { setUp as setUpAny, unanswered } from "./link-bench.ts";
import type { Script, ScriptedConnection } from "./scripted-broker.ts";

const kept = { version: 5, clientId: "c", clean: false } as const;

function setUp(store: SessionStore, script?: Script, options: Partial<MqttClientOptions> = {}) {
  return setUpAny(script, { ...kept, keeper: keepIn(store), ...options });
}

const away = { open: () => Promise.reject(new Error("away")) };

/** A store that takes its time, and fails on demand. */
class SlowStore extends MemorySessionStore {
  broken = false;
  clock: VirtualClock | undefined;

  override async apply(changes: readonly StoreChange[]): Promise<void> {
    await new Promise<void>((resolve) => (this.clock ? this.clock.setTimer(100, resolve) : resolve()));
    if (this.broken) throw new Error("disk full");
    await super.apply(changes);
  }

  get payloads(): unknown[] {
    return this.load().messages.map(({ payload }) => payload);
  }
}

function payloadsOf({ received }: ScriptedConnection): (string | undefined)[] {
  return received
    .filter((packet): packet is PublishPacket => packet.type === "publish")
    .map(({ payload }) => decodeUtf8(payload));
}

const codeIs = (code: Parameters<typeof mqttErrors.is>[1]) => (error: unknown) => mqttErrors.is(error, code);

describe("a client with a store", () => {
  it("goes on where another client with the same store left off", async () => {
    const store = new MemorySessionStore();
    const first = setUp(store, undefined, away);
    await first.clock.runUntil(first.client.enqueue("t", "kept", { qos: 2 }));
    await first.clock.runUntil(first.client.close());
    const { clock, broker, client } = setUp(store);
    expect(client.stats.queued).toBe(1);
    await clock.runUntil(client.ready());
    await clock.runUntil(client.flush());
    expect(payloadsOf(broker.latest)).toEqual(["kept"]);
    await clock.runUntil(client.close());
    expect(store.load()).toEqual({ messages: [], received: [] });
  });

  it.each([{ clientId: undefined }, { clean: true }, { clean: "once" }, { clean: undefined }] as const)(
    "is not made with %o",
    (missing) => {
      const options = { ...kept, ...missing } as Partial<MqttClientOptions>;
      expect(() => setUp(new MemorySessionStore(), undefined, options)).toThrow(
        /a store needs a clientId and clean: false, got/,
      );
    },
  );

  it("is not made with another client's, until that one is closed", async () => {
    const store = new MemorySessionStore();
    const first = setUp(store);
    expect(() => setUp(store)).toThrow(expect.toSatisfy(codeIs("mqtt/bad-option")) as Error);
    await first.clock.runUntil(first.client.close());
    const { clock, client } = setUp(store);
    await clock.runUntil(client.close());
  });

  it("begins with an id that its former life has hardly used last", async () => {
    const ids = await Promise.all(
      [1, 2, 3].map(async (seed) => {
        const { clock, broker, client } = setUp(new MemorySessionStore(), undefined, {
          random: createSeededRandom(seed),
        });
        await clock.runUntil(client.publish("t", "x", { qos: 1 }));
        return broker.latest.received.find((packet) => packet.type === "publish")?.packetId;
      }),
    );
    expect(new Set(ids).size).toBe(3);
  });
});

describe("a client whose store fails", () => {
  it("accepts nothing, and accepts again when that works again", async () => {
    const store = new SlowStore();
    store.broken = true;
    const { clock, broker, client, statuses } = setUp(store);
    await clock.runUntil(client.ready());
    await expect(clock.runUntil(client.enqueue("t", "1", { qos: 1 }))).rejects.toSatisfy(
      codeIs("mqtt/store-failed"),
    );
    expect(statuses.some(({ type }) => type === "store-failed")).toBe(true);
    store.broken = false;
    await clock.advance(5000);
    await clock.runUntil(client.publish("t", "2", { qos: 1 }));
    expect(broker.connections.flatMap((connection) => payloadsOf(connection))).toEqual(["2"]);
  });

  it("notes later what is done meanwhile", async () => {
    const store = new SlowStore();
    const { clock, broker, client } = setUp(store, unanswered("publish"));
    const { delivered } = await clock.runUntil(client.enqueue("t", "1", { qos: 1 }));
    await clock.advance(1);
    store.broken = true;
    const packet = broker.latest.received.find(({ type }) => type === "publish") as PublishPacket;
    broker.latest.send({ type: "puback", packetId: packet.packetId });
    await clock.runUntil(delivered);
    await clock.advance(1);
    expect(store.payloads).toEqual(["1"]);
    store.broken = false;
    // The next connection is a reason to write.
    await clock.advance(5000);
    expect(store.payloads).toEqual([]);
  });
});

describe("closing a client with a store", () => {
  it("accepts what is being stored, and keeps it for the next client", async () => {
    const store = new SlowStore();
    const { clock, client } = setUp(store, undefined, away);
    store.clock = clock;
    const enqueued = client.enqueue("t", "1", { qos: 1 });
    const published = client.publish("t", "2", { qos: 1 });
    const closed = client.close();
    const { delivered } = await clock.runUntil(enqueued);
    for (const promise of [delivered, published]) {
      await expect(promise).rejects.toSatisfy(codeIs("mqtt/closed"));
    }
    await clock.runUntil(closed);
    expect(store.payloads).toEqual(["1", "2"]);
  });

  it("refuses what cannot be stored any more, and does not keep it", async () => {
    const store = new SlowStore();
    const { clock, client } = setUp(store, undefined, { ...away, offlineLimit: 1 });
    store.broken = true;
    store.clock = clock;
    const enqueued = client.enqueue("t", "1", { qos: 1 });
    const behind = client.enqueue("t", "2", { qos: 1 });
    const closed = client.close();
    await expect(clock.runUntil(enqueued)).rejects.toSatisfy(codeIs("mqtt/store-failed"));
    await expect(behind).rejects.toSatisfy(codeIs("mqtt/closed"));
    await clock.runUntil(closed);
    expect(store.payloads).toEqual([]);
  });

  it("gives up all else even if the store fails to the end", async () => {
    const store = new SlowStore();
    const { clock, broker, client } = setUp(store, unanswered("publish"));
    const inFlight = await clock.runUntil(client.enqueue("t", "1", { qos: 1 }));
    const done = await clock.runUntil(client.enqueue("t", "2", { qos: 1 }));
    await clock.advance(1);
    store.broken = true;
    const packet = broker.latest.received.at(-1) as PublishPacket;
    broker.latest.send({ type: "puback", packetId: packet.packetId });
    const refused = client.enqueue("t", "3", { qos: 1 });
    const closed = client.close();
    await expect(clock.runUntil(refused)).rejects.toSatisfy(codeIs("mqtt/store-failed"));
    await clock.runUntil(closed);
    await expect(inFlight.delivered).rejects.toSatisfy(codeIs("mqtt/closed"));
    await done.delivered;
    expect(store.payloads).toEqual(["1", "2"]);
  });

  it("says goodbye behind what waits for the store, and sends nothing new meanwhile", async () => {
    const store = new SlowStore();
    const { clock, broker, client } = setUp(store, unanswered("publish"), { inflightLimit: 1 });
    await clock.runUntil(client.enqueue("t", "1", { qos: 1 }));
    await clock.runUntil(client.enqueue("t", "2", { qos: 1 }));
    await clock.advance(1);
    store.clock = clock;
    const enqueued = client.enqueue("t", "3", { qos: 1 });
    const closed = client.close();
    const packet = broker.latest.received.at(-1) as PublishPacket;
    broker.latest.send({ type: "puback", packetId: packet.packetId });
    await clock.advance(99);
    expect(broker.latest.types).toEqual(["connect", "publish"]);
    await clock.runUntil(closed);
    await enqueued;
    expect(broker.latest.types).toEqual(["connect", "publish", "disconnect"]);
    expect(store.payloads).toEqual(["2", "3"]);
  });

  it("sends what waited for the store ahead of the goodbye", async () => {
    const store = new SlowStore();
    const { clock, broker, client } = setUp(store);
    await clock.runUntil(client.ready());
    store.clock = clock;
    void client.enqueue("t", "1", { qos: 1 });
    const closed = client.close();
    await clock.advance(99);
    expect(broker.latest.types).toEqual(["connect"]);
    await clock.runUntil(closed);
    expect(broker.latest.types).toEqual(["connect", "publish", "disconnect"]);
  });

  it("sends nothing that waits for the store when the broker has to be left at once", async () => {
    const store = new SlowStore();
    const { clock, broker, client } = setUp(store);
    await clock.runUntil(client.ready());
    store.clock = clock;
    await client.enqueue("t", "0");
    void client.enqueue("t", "1", { qos: 1 });
    await clock.advance(1);
    const connection = broker.latest;
    connection.send({ type: "connack", sessionPresent: false, reasonCode: 0 });
    await clock.advance(1000);
    expect(payloadsOf(connection)).toEqual(["0"]);
    expect(broker.connections.length).toBeGreaterThan(1);
    await clock.runUntil(client.close());
  });
});
