import { describe, expect, it } from "vitest";
import { createAborter, decodeUtf8 } from "../../src/base/index.ts";
import { setUp, textOf } from "./client-bench.ts";

describe("subscribing", () => {
  it("gives a message to each subscription once, and to onMessage once", async () => {
    const { clock, client, join } = await setUp();
    const seen: string[] = [];
    const { client: listener } = join({ onMessage: ({ topic }) => void seen.push(`all ${topic}`) });
    for (const filter of ["a/#", "a/+", "a/b"]) {
      await clock.runUntil(
        listener.subscribe(filter, {}, ({ topic }) => void seen.push(`${filter} ${topic}`)),
      );
    }
    await clock.runUntil(client.publish("a/b", "x"));
    await clock.runUntil(client.publish("a", "x"));
    await clock.advance(100);
    expect(seen.toSorted()).toEqual(["a/# a", "a/# a/b", "a/+ a/b", "a/b a/b", "all a", "all a/b"]);
  });

  it("is a stream of messages without a handler", async () => {
    const { clock, client } = await setUp();
    const subscription = await clock.runUntil(client.subscribe("t", { qos: 1 }));
    expect(subscription).toMatchObject({ filter: "t", qos: 1 });
    const read: string[] = [];
    const reading = (async () => {
      for await (const message of subscription) read.push(textOf(message));
      return "ended";
    })();
    for (const text of ["1", "2", "3"]) await clock.runUntil(client.publish("t", text, { qos: 1 }));
    await clock.advance(100);
    expect(read).toEqual(["t 1", "t 2", "t 3"]);
    await clock.runUntil(subscription.unsubscribe());
    expect(await reading).toBe("ended");
  });

  it("keeps what comes before a loop begins, but not for ever", async () => {
    const { clock, client } = await setUp();
    const subscription = await clock.runUntil(client.subscribe("t"));
    const sending = Array.from({ length: 1200 }, (_, index) => client.publish("t", String(index)));
    await clock.runUntil(Promise.all(sending));
    await clock.advance(1000);
    expect(client.stats.unread).toBe(200);
    for await (const message of subscription) {
      expect(decodeUtf8(message.payload)).toBe("200");
      break;
    }
  });

  it("tells the broker only when the last subscription to a filter ends", async () => {
    const { clock, broker, client } = await setUp();
    const gone: string[] = [];
    broker.aedes.on("unsubscribe", (filters) => gone.push(...filters));
    const first = await clock.runUntil(client.subscribe("t"));
    const second = await clock.runUntil(client.subscribe("t"));
    await clock.runUntil(first.unsubscribe());
    expect(gone).toEqual([]);
    await clock.runUntil(second.unsubscribe());
    await clock.runUntil(second.unsubscribe());
    expect(gone).toEqual(["t"]);
  });

  it("says when the broker refuses, and has nothing to take back then", async () => {
    const { clock, broker, client } = await setUp({
      aedes: {
        authorizeSubscribe: (_client, subscription, callback) =>
          callback(null, subscription.topic === "secret" ? null : subscription),
      },
    });
    const gone: string[] = [];
    broker.aedes.on("unsubscribe", (filters) => gone.push(...filters));
    await expect(clock.runUntil(client.subscribe("secret"))).rejects.toMatchObject({
      code: "mqtt/subscribe-refused",
      detail: { filter: "secret" },
    });
    await clock.runUntil(client.flush());
    expect(gone).toEqual([]);
    await expect(client.subscribe("a/#/b")).rejects.toMatchObject({ code: "topics/bad-filter" });
    expect((await clock.runUntil(client.subscribe("open", { qos: 2 }))).qos).toBe(2);
  });

  it("waits for the connection, and ends waiting when it is aborted", async () => {
    const { clock, broker, join } = await setUp();
    broker.isAway = true;
    const { client } = join();
    const { signal, abort } = createAborter();
    const given = client.subscribe("a", { signal });
    const kept = client.subscribe("b");
    await clock.advance(10_000);
    abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    broker.isAway = false;
    const asked: string[] = [];
    broker.aedes.on("subscribe", (subscriptions) => asked.push(...subscriptions.map(({ topic }) => topic)));
    await clock.runUntil(kept);
    expect(asked).toEqual(["b"]);
  });

  it("has the broker forget what was aborted after it was asked for", async () => {
    const { clock, broker, client } = await setUp();
    await clock.runUntil(client.ready());
    const gone: string[] = [];
    broker.aedes.on("unsubscribe", (filters) => gone.push(...filters));
    const { signal, abort } = createAborter();
    const subscribing = client.subscribe("a", { signal });
    await Promise.resolve();
    await Promise.resolve();
    abort(new Error("enough"));
    await expect(subscribing).rejects.toThrow("enough");
    await clock.advance(100);
    expect(gone).toEqual(["a"]);
  });

  it("goes on after a lost session, before what waits is published", async () => {
    const { clock, broker, client } = await setUp();
    const received: string[] = [];
    await clock.runUntil(
      client.subscribe("own/#", { qos: 1 }, (message) => void received.push(textOf(message))),
    );
    broker.isAway = true;
    broker.pairs.at(-1)?.cut();
    await clock.advance(10_000);
    const publishing = ["1", "2"].map((text) => client.publish("own/t", text, { qos: 1 }));
    broker.isAway = false;
    await clock.runUntil(Promise.all(publishing));
    await clock.advance(100);
    expect(received).toEqual(["own/t 1", "own/t 2"]);
  });

  it("is not asked for again when the broker has kept the session, which has kept the messages", async () => {
    const { clock, broker, client, join } = await setUp();
    const asked: string[] = [];
    broker.aedes.on("subscribe", (subscriptions) => asked.push(...subscriptions.map(({ topic }) => topic)));
    const received: string[] = [];
    const { client: sleeper, statuses } = join({ clientId: "sleeper", clean: false });
    await clock.runUntil(
      sleeper.subscribe("t", { qos: 1 }, (message) => void received.push(textOf(message))),
    );
    broker.pairs.at(-1)?.cut();
    await clock.runUntil(client.publish("t", "while away", { qos: 1 }));
    await clock.advance(10_000);
    expect(statuses.filter(({ type }) => type === "connected")).toEqual([
      { type: "connected", sessionPresent: false },
      { type: "connected", sessionPresent: true },
    ]);
    expect(received).toEqual(["t while away"]);
    expect(asked).toEqual(["t"]);
  });
});

describe("handlers", () => {
  it("that fail are told of, and harm nobody", async () => {
    const { clock, client, join } = await setUp();
    const received: string[] = [];
    const { client: listener, statuses } = join();
    await clock.runUntil(
      listener.subscribe("t", { qos: 1 }, (message) => {
        received.push(textOf(message));
        if (received.length === 1) throw new Error("thrown");
        return Promise.reject(new Error("rejected"));
      }),
    );
    for (const text of ["1", "2", "3"]) await clock.runUntil(client.publish("t", text, { qos: 1 }));
    await clock.advance(100);
    expect(received).toHaveLength(3);
    expect(listener.stats).toMatchObject({ handlerFailures: 3, unsettled: 0, connections: 1 });
    const failure = statuses.find(({ type }) => type === "handler-failed");
    expect(failure).toMatchObject({ topic: "t", error: { message: "thrown" } });
  });

  it("that are slow hold the broker, not memory", async () => {
    const { clock, client, join } = await setUp();
    const release: (() => void)[] = [];
    const { client: listener } = join({ incomingLimit: 10 });
    await clock.runUntil(
      listener.subscribe("t", {}, () => new Promise<void>((resolve) => release.push(resolve))),
    );
    await clock.runUntil(Promise.all(Array.from({ length: 100 }, () => client.publish("t", "x"))));
    await clock.advance(100);
    expect(release).toHaveLength(10);
    expect(listener.stats.unsettled).toBe(10);
    let taken = 0;
    while (release.length > 0) {
      for (const resolve of release.splice(0)) {
        taken++;
        resolve();
      }
      await clock.advance(100);
    }
    expect(taken).toBe(100);
  });

  it("may publish and wait for the acknowledgement", async () => {
    const { clock, client, join } = await setUp();
    const answers: string[] = [];
    const { client: responder } = join();
    await clock.runUntil(
      responder.subscribe("ask", { qos: 1 }, () => responder.publish("answer", "yes", { qos: 2 })),
    );
    await clock.runUntil(
      client.subscribe("answer", { qos: 2 }, (message) => void answers.push(textOf(message))),
    );
    for (let time = 0; time < 5; time++) await clock.runUntil(client.publish("ask", "?", { qos: 1 }));
    await clock.advance(100);
    expect(answers).toHaveLength(5);
  });
});
