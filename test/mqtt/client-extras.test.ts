import { describe, expect, it } from "vitest";
import { createAborter, decodeUtf8, encodeUtf8 } from "../../src/base/index.ts";
import {
  type Message,
  type MqttClientOptions,
  mqttErrors,
  publishStream,
  type PublishPacket,
  type Reason,
  Requester,
  respond,
} from "../../src/mqtt/index.ts";
import { incoming, setUp as setUpAny } from "./link-bench.ts";
import type { Script, ScriptedConnection } from "./scripted-broker.ts";

function setUp(script?: Script, options: Partial<MqttClientOptions> = {}) {
  return setUpAny(script, { version: 5, ...options });
}

function publications({ received }: ScriptedConnection): PublishPacket[] {
  return received.filter((packet) => packet.type === "publish");
}

const reasonIs = (reason: Reason) => (error: unknown) =>
  mqttErrors.is(error) && error.detail["reason"] === reason;

describe("a stream", () => {
  it("fills the window, and holds its source back by that", async () => {
    let taken = 0;
    const acknowledge: number[] = [];
    const { clock, broker, client } = setUp((packet) => {
      if (packet.type !== "publish") return undefined;
      acknowledge.push(packet.packetId);
      return { type: "pingresp" };
    });
    await clock.runUntil(client.ready());
    const source = (function* () {
      for (; taken < 100;) yield String(taken++);
    })();
    const publishing = publishStream(client, "t", source, { qos: 1, window: 10 });
    await clock.advance(1);
    expect([taken, acknowledge.length]).toEqual([10, 10]);
    while (acknowledge.length > 0) {
      broker.latest.send({ type: "puback", packetId: acknowledge.shift() ?? 0 });
      await clock.advance(1);
    }
    expect(await clock.runUntil(publishing)).toBe(100);
    expect(publications(broker.latest).map(({ payload }) => decodeUtf8(payload))).toEqual(
      Array.from({ length: 100 }, (_item, index) => String(index)),
    );
  });

  it("ends its source when a message fails", async () => {
    const { clock, client } = setUp((packet) =>
      packet.type === "publish" ? { type: "puback", packetId: packet.packetId, reasonCode: 0x97 } : undefined,
    );
    let ended = false;
    const source = (async function* () {
      try {
        for (;;) yield "x";
      } finally {
        ended = true;
      }
    })();
    await expect(clock.runUntil(publishStream(client, "t", source, { qos: 1, window: 4 }))).rejects.toSatisfy(
      reasonIs("quota-exceeded"),
    );
    expect(ended).toBe(true);
  });
});

describe("a stream that is given up", () => {
  it("ends its source although that is silent", async () => {
    const { clock, client } = setUp();
    const { signal, abort } = createAborter();
    let ended = false;
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<IteratorResult<string>>(() => {}),
        return: () => {
          ended = true;
          return Promise.resolve({ done: true as const, value: undefined });
        },
      }),
    };
    const publishing = publishStream(client, "t", source, { signal });
    await clock.advance(1);
    abort(new Error("enough"));
    await expect(publishing).rejects.toThrow("enough");
    expect(ended).toBe(true);
  });

  it("is not begun without a window", async () => {
    const { client } = setUp();
    await expect(publishStream(client, "t", ["x"], { window: 0 })).rejects.toMatchObject({
      code: "mqtt/bad-option",
    });
  });
});

describe("a request", () => {
  it("gets its own answer, whatever the order of answers", async () => {
    const asked: Message[] = [];
    const { clock, broker, client } = setUp((packet, connection) => {
      // Whoever published or subscribed: it all comes back.
      if (packet.type === "publish") connection.send({ ...packet, qos: 0, packetId: 0 });
      return undefined;
    });
    await clock.runUntil(client.subscribe("ask", {}, (message) => void asked.push(message)));
    const requester = new Requester(client);
    const answers = Promise.all([requester.request("ask", "one"), requester.request("ask", "two")]);
    await clock.advance(1);
    for (const message of asked.toReversed()) {
      await respond(client, message, encodeUtf8(`${decodeUtf8(message.payload)}!`));
    }
    const texts = (await clock.runUntil(answers)).map(({ payload }) => decodeUtf8(payload));
    expect(texts).toEqual(["one!", "two!"]);
    expect(broker.latest.types.filter((type) => type === "subscribe")).toHaveLength(2);
    await clock.runUntil(requester.close());
  });

  it("is given up after its time", async () => {
    const { clock, client } = setUp();
    const asking = new Requester(client).request("ask", "", { timeoutMs: 500 });
    await expect(clock.runUntil(asking)).rejects.toSatisfy((error) =>
      mqttErrors.is(error, "mqtt/request-timeout"),
    );
    expect(clock.monotonic()).toBe(500);
  });

  it("is not answered by what is meant for another requester, or for an earlier one", async () => {
    const asked: PublishPacket[] = [];
    const { clock, broker, client } = setUp((packet) => {
      if (packet.type === "publish") asked.push(packet);
      return undefined;
    });
    const texts: string[] = [];
    for (const topic of ["slow", "fast"]) {
      const answer = new Requester(client).request(topic, "");
      void answer.then(({ payload }) => texts.push(decodeUtf8(payload) ?? ""));
    }
    await clock.advance(10);
    const [slow, fast] = asked;
    const reply = (to: PublishPacket | undefined, text: string) => {
      const { correlationData, responseTopic } = to?.properties ?? {};
      broker.latest.send({
        ...(incoming(responseTopic ?? "") as PublishPacket),
        payload: encodeUtf8(text),
        properties: correlationData ? { correlationData } : {},
      });
    };
    reply(fast, "of fast");
    await clock.advance(1);
    expect(texts).toEqual(["of fast"]);
    reply(slow, "of slow");
    await clock.advance(1);
    expect(texts).toEqual(["of fast", "of slow"]);
    expect(slow?.properties?.correlationData).toHaveLength(8);
  });

  it("waits for the name that the broker gives, which its answers are sent to", async () => {
    const { clock, broker, client } = setUp(
      (packet) =>
        packet.type === "connect"
          ? {
              type: "connack",
              sessionPresent: false,
              reasonCode: 0,
              properties: { assignedClientIdentifier: "given" },
            }
          : undefined,
      { clientId: "" },
    );
    new Requester(client).request("t", "").catch(() => {});
    await clock.advance(10);
    expect(broker.latest.received).toContainEqual(
      expect.objectContaining({ subscriptions: [expect.objectContaining({ filter: "reply/given" })] }),
    );
  });

  it("is refused at once where it cannot be answered", async () => {
    const old = new Requester(setUp(undefined, { version: 4 }).client);
    await expect(old.request("t", "")).rejects.toMatchObject({ code: "mqtt/bad-option" });
    const { clock, client } = setUp();
    const requester = new Requester(client);
    const waiting = requester.request("t", "");
    waiting.catch(() => {});
    await clock.advance(1);
    await clock.runUntil(requester.close());
    await expect(waiting).rejects.toMatchObject({ code: "mqtt/closed" });
    await expect(requester.request("t", "")).rejects.toMatchObject({ code: "mqtt/closed" });
  });

  it("that asks for no answer gets none", async () => {
    const { client } = setUp();
    const message = {
      topic: "t",
      payload: new Uint8Array(0),
      qos: 0,
      retain: false,
      duplicate: false,
    } as const;
    expect(await respond(client, message, "x")).toBe(false);
  });
});

describe("drain", () => {
  it("waits for handlers and for what they publish, and takes no more", async () => {
    const { clock, broker, client } = setUp(undefined, { clean: false, clientId: "c" });
    await clock.runUntil(
      client.subscribe("in", { qos: 1 }, async () => {
        await new Promise<void>((resolve) => clock.setTimer(100, resolve));
        void client.publish("out", "x", { qos: 1 });
      }),
    );
    broker.latest.send(incoming("in", 1, 1));
    await clock.advance(1);
    const draining = client.drain();
    broker.latest.send(incoming("in", 1, 2));
    await clock.runUntil(draining);
    const types = broker.latest.received
      .slice(2)
      .map((packet) =>
        "packetId" in packet
          ? `${packet.type} ${packet.type === "publish" ? "" : packet.packetId}`
          : packet.type,
      );
    // The second one is the broker's again.
    expect(types.toSorted()).toEqual(["disconnect", "puback 1", "publish "]);
  });
});

describe("enqueue", () => {
  it("resolves when the message is accepted, and delivers later", async () => {
    const { clock, client } = setUp(undefined, {
      open: () => Promise.reject(new Error("away")),
      offlineLimit: 2,
    });
    await clock.runUntil(client.enqueue("t", "1", { qos: 1 }));
    await clock.runUntil(client.enqueue("t", "2"));
    let accepted = false;
    client.enqueue("t", "3", { qos: 1 }).then(
      () => (accepted = true),
      () => {},
    );
    await clock.advance(100_000);
    expect([accepted, client.stats.queued]).toEqual([false, 3]);
  });
});
