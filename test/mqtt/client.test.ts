import { describe, expect, it } from "vitest";
import { createAborter } from "../../src/base/index.ts";
import type { Message, QoS } from "../../src/mqtt/index.ts";
import { setUp, textOf } from "./client-bench.ts";

describe("publishing", () => {
  it.each<QoS>([0, 1, 2])("reaches a subscriber once at QoS %i", async (qos) => {
    const { clock, client, join } = await setUp();
    const received: Message[] = [];
    const { client: listener } = join();
    await clock.runUntil(listener.subscribe("a/+", { qos }, (message) => void received.push(message)));
    await clock.runUntil(client.publish("a/b", "hello", { qos }));
    await clock.advance(100);
    expect(received.map(textOf)).toEqual(["a/b hello"]);
    expect(received[0]).toMatchObject({ qos, retain: false, duplicate: false });
  });

  it("waits for the connection, and keeps the order", async () => {
    const { clock, broker, join, client } = await setUp();
    const received: string[] = [];
    await clock.runUntil(client.subscribe("#", { qos: 2 }, (message) => void received.push(textOf(message))));
    broker.isAway = true;
    const { client: late } = join();
    const publishing = [0, 1, 2, 3, 4].map((index) => late.publish("t", String(index), { qos: 1 }));
    await clock.advance(60_000);
    expect(late.stats.queued).toBe(5);
    broker.isAway = false;
    await clock.runUntil(Promise.all(publishing));
    await clock.advance(0);
    expect(received).toEqual(["t 0", "t 1", "t 2", "t 3", "t 4"]);
  });

  it("keeps what is to be kept for later subscribers", async () => {
    const { clock, client } = await setUp();
    await clock.runUntil(client.publish("state", "on", { qos: 1, retain: true }));
    const received: Message[] = [];
    const handler = (message: Message) => void received.push(message);
    await clock.runUntil(client.subscribe("state", {}, handler));
    await clock.advance(0);
    expect(received.map(({ retain }) => retain)).toEqual([true]);
    // Asked for again, it comes again, to all who have subscribed.
    await clock.runUntil(client.subscribe("state"));
    await clock.advance(0);
    expect(received).toHaveLength(2);
  });

  it("refuses what cannot be published, at once", async () => {
    const { client } = await setUp();
    await expect(client.publish("a/#", "x")).rejects.toMatchObject({ code: "topics/bad-name" });
    await expect(client.publish("", "x")).rejects.toMatchObject({ code: "topics/bad-name" });
    await expect(client.publish("a\0", "x")).rejects.toMatchObject({ code: "topics/bad-name" });
    await expect(client.publish("a", new Uint8Array(268_435_455))).rejects.toMatchObject({
      code: "mqtt/too-long",
    });
    // Those who write JavaScript, or pass on what they have read somewhere, are told as well.
    const anything = client as unknown as {
      publish(...input: unknown[]): Promise<void>;
      subscribe(...input: unknown[]): Promise<void>;
    };
    await expect(anything.publish(undefined, "x")).rejects.toMatchObject({ code: "topics/bad-name" });
    for (const [payload, options] of [[21.5], [undefined], [null], ["x", { qos: 5 }], ["x", { qos: "1" }]]) {
      await expect(anything.publish("t", payload, options)).rejects.toMatchObject({
        code: "mqtt/bad-option",
      });
    }
    await expect(anything.subscribe("t", { qos: 5 })).rejects.toMatchObject({ code: "mqtt/bad-option" });
  });

  it("ends waiting when it is aborted, and sends nothing then", async () => {
    const { clock, broker, client } = await setUp();
    broker.isAway = true;
    await clock.runUntil(client.ready());
    broker.pairs[0]?.cut();
    await clock.advance(0);
    const { signal, abort } = createAborter();
    const publishing = client.publish("a", "x", { qos: 1, signal });
    const other = client.publish("b", "x", { qos: 1 });
    abort(new Error("enough"));
    await expect(publishing).rejects.toThrow("enough");
    expect(client.stats.queued).toBe(1);
    await expect(client.publish("a", "x", { signal })).rejects.toThrow("enough");
    broker.isAway = false;
    await clock.runUntil(other);
    expect(client.stats.sent).toBe(1);
  });

  it("does not fill the memory with what was aborted", async () => {
    const { clock, broker, join } = await setUp();
    broker.isAway = true;
    const { client } = join();
    const held = client.publish("held", "x", { qos: 1 });
    for (let time = 0; time < 10_000; time++) {
      const { signal, abort } = createAborter();
      client.publish("a", "x", { signal }).catch(() => {});
      abort(new Error("enough"));
    }
    expect(client.stats.queued).toBe(1);
    broker.isAway = false;
    await clock.runUntil(held);
    expect(client.stats.sent).toBe(1);
  });
});

describe("the queue of messages that wait", () => {
  it.each([
    ["drop-oldest", ["t 2", "t 3", "t 4"]],
    ["drop-newest", ["t 0", "t 1", "t 2"]],
    ["wait", ["t 0", "t 1", "t 2", "t 3", "t 4"]],
  ] as const)("at its limit keeps what %s says, and counts what goes", async (offlinePolicy, kept) => {
    const { clock, broker, join, client: listener } = await setUp();
    const received: string[] = [];
    await clock.runUntil(
      listener.subscribe("t", { qos: 1 }, (message) => void received.push(textOf(message))),
    );
    broker.isAway = true;
    const { client } = join({ offlineLimit: 3, offlinePolicy });
    const publishing = [0, 1, 2, 3, 4].map((index) => client.publish("t", String(index), { qos: 1 }));
    const outcomes = Promise.allSettled(publishing);
    broker.isAway = false;
    const dropped = (await clock.runUntil(outcomes)).filter(({ status }) => status === "rejected");
    await clock.advance(0);
    expect(received).toEqual(kept);
    expect(dropped).toHaveLength(5 - kept.length);
    expect(client.stats.dropped).toBe(5 - kept.length);
    for (const one of dropped) expect(one).toMatchObject({ reason: { code: "mqtt/queue-full" } });
  });

  it("drops nothing of a burst that the connection takes", async () => {
    const { clock, join } = await setUp();
    const { client } = join({ offlineLimit: 10, offlinePolicy: "drop-oldest" });
    await clock.runUntil(client.ready());
    await clock.runUntil(Promise.all(Array.from({ length: 500 }, () => client.publish("t", "x"))));
    expect(client.stats).toMatchObject({ sent: 500, dropped: 0 });
  });

  it("does not end the program when nobody looks at what was dropped", async () => {
    const { broker, join } = await setUp();
    broker.isAway = true;
    const { client } = join({ offlineLimit: 1, offlinePolicy: "drop-newest" });
    for (let time = 0; time < 3; time++) void client.publish("t", "x");
    await new Promise((resolve) => setImmediate(resolve));
    expect(client.stats.dropped).toBe(2);
  });
});

describe("a message that the broker does not take", () => {
  it("is given up, and those behind it arrive", async () => {
    const {
      clock,
      join,
      client: listener,
    } = await setUp({
      aedes: {
        authorizePublish: (_client, { topic }, callback) =>
          callback(topic === "forbidden" ? new Error("not allowed") : null),
      },
    });
    const received: string[] = [];
    await clock.runUntil(
      listener.subscribe("#", { qos: 1 }, (message) => void received.push(textOf(message))),
    );
    const { client, statuses } = join({ clientId: "c", clean: false });
    const publishing = [
      client.publish("a", "1", { qos: 1 }),
      client.publish("forbidden", "2", { qos: 1 }),
      client.publish("a", "3", { qos: 1 }),
    ];
    const outcomes = await clock.runUntil(Promise.allSettled(publishing));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: { code: "mqtt/message-refused" } });
    expect([...new Set(received)]).toEqual(["a 1", "a 3"]);
    expect(statuses.filter(({ type }) => type === "connected").length).toBeLessThanOrEqual(8);
  });
});

describe("a will", () => {
  it("is published when the connection breaks, and not after a goodbye", async () => {
    const { clock, broker, join, client } = await setUp();
    const received: string[] = [];
    await clock.runUntil(client.subscribe("gone/+", {}, (message) => void received.push(textOf(message))));
    for (const clientId of ["one", "two"]) {
      const { client: mortal } = join({ clientId, will: { topic: `gone/${clientId}`, payload: "bye" } });
      await clock.runUntil(mortal.ready());
      if (clientId === "one") broker.pairs.at(-1)?.cut();
      else await clock.runUntil(mortal.close());
      await clock.advance(100);
    }
    expect(received).toEqual(["gone/one bye"]);
  });
});

describe("the status", () => {
  it("is a stream, from connecting to closed", async () => {
    const { clock, broker, join } = await setUp();
    const { client } = join();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { type } of client.status()) seen.push(type);
    })();
    await clock.runUntil(client.ready());
    broker.pairs.at(-1)?.cut();
    await clock.advance(1000);
    await clock.runUntil(client.close());
    await reading;
    expect(seen).toEqual(["connected", "disconnected", "connecting", "connected", "closed"]);
  });
});

describe("flush", () => {
  it("waits for everything accepted so far, well or not", async () => {
    const { clock, broker, join } = await setUp();
    broker.isAway = true;
    const { client } = join();
    const settled: string[] = [];
    for (const qos of [0, 1, 2] as const) {
      void client.publish("t", "x", { qos }).then(() => settled.push(`q${qos}`));
    }
    void client.subscribe("a").then(() => settled.push("subscribed"));
    const flushing = client.flush();
    broker.isAway = false;
    await clock.runUntil(flushing);
    expect(settled.toSorted()).toEqual(["q0", "q1", "q2", "subscribed"]);
  });

  it("ends when it is aborted", async () => {
    const { broker, join } = await setUp();
    broker.isAway = true;
    const { client } = join();
    void client.publish("t", "x");
    const { signal, abort } = createAborter();
    const flushing = client.flush(signal);
    abort(new Error("enough"));
    await expect(flushing).rejects.toThrow("enough");
  });
});

describe("closing", () => {
  it("settles everything that waits", async () => {
    const { clock, broker, join } = await setUp();
    broker.isAway = true;
    const { client } = join();
    const waiting = [
      client.ready(),
      client.publish("t", "x"),
      client.publish("t", "x", { qos: 2 }),
      client.subscribe("a"),
      client.unsubscribe("a"),
    ];
    const outcomes = Promise.allSettled(waiting);
    await clock.runUntil(client.close());
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: "mqtt/closed" } });
    await expect(client.publish("t", "x")).rejects.toMatchObject({ code: "mqtt/closed" });
    await expect(client.subscribe("t")).rejects.toMatchObject({ code: "mqtt/closed" });
    await expect(client.unsubscribe("t")).rejects.toMatchObject({ code: "mqtt/closed" });
    await client.close();
    await client.closed;
  });

  it("sends what was published in the same turn, and says goodbye", async () => {
    const { clock, broker, join, client: listener } = await setUp();
    const received: string[] = [];
    await clock.runUntil(listener.subscribe("t", {}, (message) => void received.push(textOf(message))));
    const left: unknown[] = [];
    broker.aedes.on("clientDisconnect", ({ id }) => left.push(id));
    const { client } = join({ clientId: "c" });
    await clock.runUntil(client.ready());
    const publishing = client.publish("t", "last");
    await clock.runUntil(client.close());
    await publishing;
    await clock.advance(100);
    expect(received).toEqual(["t last"]);
    expect(left).toEqual(["c"]);
  });

  it("ends while it waits to connect again, and while it connects", async () => {
    const { clock, broker, join } = await setUp();
    broker.isAway = true;
    const { client: waiting } = join();
    await clock.advance(60_000);
    await clock.runUntil(waiting.close(), 0);
    const { client: opening } = join({ open: () => new Promise(() => {}) });
    await clock.advance(0);
    await clock.runUntil(opening.close(), 0);
  });

  it("does not wait for ever for a broker that does not close", async () => {
    const { clock, broker, client } = await setUp();
    await clock.runUntil(client.ready());
    broker.pairs.at(-1)?.freeze();
    await clock.runUntil(client.close(), 10_000);
  });

  it("ends loops over subscriptions", async () => {
    const { clock, join } = await setUp();
    const { client } = join();
    const subscription = await clock.runUntil(client.subscribe("t"));
    const reading = (async () => {
      for await (const message of subscription) expect(message).toBeUndefined();
    })();
    await clock.runUntil(client.close());
    await reading;
  });
});
