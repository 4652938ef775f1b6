import { describe, expect, it } from "vitest";
import { encodeUtf8, type OpenBytePort } from "../../src/base/index.ts";
import type { MqttClientOptions } from "../../src/mqtt/index.ts";
import { incoming, setUp, unanswered } from "./link-bench.ts";

describe("connecting", () => {
  it("introduces itself with what it was given", async () => {
    const { clock, broker, client } = setUp(undefined, {
      clientId: "me",
      clean: false,
      username: "u",
      password: "p",
      keepaliveSeconds: 30,
      will: { topic: "gone", payload: "bye", qos: 1, retain: true },
    });
    await clock.runUntil(client.ready());
    expect(broker.latest.received[0]).toEqual({
      type: "connect",
      clientId: "me",
      clean: false,
      keepaliveSeconds: 30,
      username: "u",
      password: encodeUtf8("p"),
      will: { topic: "gone", payload: encodeUtf8("bye"), qos: 1, retain: true },
    });
    expect(client.connected).toBe(true);
  });

  it("makes up a name where it was given none", () => {
    const { client } = setUp();
    expect(client.clientId).toMatch(/^moteq-[0-9a-f]{8}$/);
  });

  it.each([
    [
      1,
      0x84,
      "unsupported-protocol-version",
      /refused the connection: unsupported protocol version \(0x84\)/,
    ],
    [2, 0x85, "client-identifier-not-valid", /client identifier/],
    [3, 0x88, "server-unavailable", /unavailable/],
    [4, 0x86, "bad-user-name-or-password", /bad user name or password/],
    [5, 0x87, "not-authorized", /not authorized/],
    [99, 99, "unspecified-error", /\(0x63\)/],
  ])(
    "says why it was refused with code %i, and tries again",
    async (returnCode, reasonCode, reason, message) => {
      let refusals = 2;
      const { clock, client, statuses, troubles } = setUp((packet) =>
        packet.type === "connect" && refusals-- > 0
          ? { type: "connack", sessionPresent: false, reasonCode: returnCode }
          : undefined,
      );
      await clock.runUntil(client.ready());
      expect(troubles()).toEqual(["mqtt/refused", "mqtt/refused"]);
      const status = statuses.find(({ type }) => type === "disconnected");
      expect(status).toMatchObject({
        error: { message: expect.stringMatching(message) as string, detail: { reasonCode, reason } },
      });
    },
  );

  it.each([
    { version: 3 },
    { version: "5" },
    { clean: "yes" },
    { offlinePolicy: "drop" },
    { backoff: { minimumMs: -1 } },
    { backoff: { maximumMs: "1 s" } },
    { backoff: { factor: 0 } },
    { open: [] },
    { version: 5, properties: { topicAliasMaximum: 100_000 } },
    { version: 5, will: { topic: "t", payload: "x", properties: { userProperties: { a: "b" } } } },
  ])("is not begun with an option that cannot be: %o", (options) => {
    expect(() => setUp(undefined, options as Partial<MqttClientOptions>)).toThrow(
      expect.objectContaining({ code: "mqtt/bad-option" }),
    );
  });

  it("tries for ever, with growing and uneven delays up to the limit", async () => {
    const { clock, client, statuses } = setUp(undefined, {
      open: () => Promise.reject(new Error("nobody listens there")),
      backoff: { minimumMs: 1000, maximumMs: 8000 },
    });
    await clock.advance(3_600_000);
    const delays = statuses.flatMap((status) => (status.type === "disconnected" ? [status.retryInMs] : []));
    expect(delays.length).toBeGreaterThan(400);
    for (const [index, delay] of delays.entries()) {
      const step = Math.min(1000 * 2 ** index, 8000);
      expect(delay).toBeGreaterThanOrEqual(step / 2);
      expect(delay).toBeLessThanOrEqual(step);
    }
    expect(new Set(delays).size).toBeGreaterThan(delays.length * 0.9);
    expect(statuses.findLast(({ type }) => type === "connecting")).toMatchObject({
      attempt: delays.length,
    });
    expect(statuses.at(-1)).toMatchObject({ error: { code: "mqtt/unreachable" } });
    await clock.runUntil(client.close());
  });

  it("tries several ways in turn, at once, and waits only after all of them", async () => {
    const tried: string[] = [];
    const fail =
      (name: string): OpenBytePort =>
      () => {
        tried.push(name);
        return Promise.reject(new Error("no"));
      };
    const { clock, client, statuses } = setUp(undefined, { open: [fail("a"), fail("b"), fail("c")] });
    await clock.advance(0);
    expect(tried).toEqual(["a", "b", "c"]);
    await clock.advance(500);
    expect(tried).toEqual(["a", "b", "c", "a", "b", "c"]);
    expect(
      statuses.flatMap((status) => (status.type === "disconnected" ? [status.retryInMs > 0] : [])),
    ).toEqual([false, false, true, false, false, true]);
    await clock.runUntil(client.close());
  });

  it("gives up an opening that takes too long, and drops what opens late", async () => {
    const { clock, client, troubles, broker } = setUp(undefined, {
      open: async () => {
        await new Promise<void>((resolve) => clock.setTimer(15_000, resolve));
        return broker.open({});
      },
    });
    await clock.advance(10_000);
    expect(troubles()).toEqual(["mqtt/unreachable"]);
    await clock.advance(5000);
    expect(broker.connections).toHaveLength(1);
    expect(broker.latest.closed).toBe(true);
    await clock.runUntil(client.close());
  });

  it("gives up a broker that does not answer CONNECT", async () => {
    const { clock, client, troubles, broker } = setUp();
    broker.script = () => undefined;
    await clock.advance(9999);
    expect(troubles()).toEqual([]);
    await clock.advance(1);
    expect(troubles()).toEqual(["mqtt/timeout"]);
    expect(broker.latest.closed).toBe(true);
    await clock.runUntil(client.close());
  });

  it("slows down for a broker that accepts and closes at once", async () => {
    const { clock, client, broker } = setUp((packet, connection) => {
      if (packet.type === "connect")
        connection.send({ type: "connack", sessionPresent: false, reasonCode: 0 });
      connection.close();
      return undefined;
    });
    await clock.advance(600_000);
    expect(broker.connections.length).toBeLessThan(60);
    await clock.runUntil(client.close());
  });

  it("comes back quickly after a connection that stood", async () => {
    const { clock, client, broker, statuses } = setUp();
    for (let time = 0; time < 5; time++) {
      await clock.runUntil(client.ready());
      await clock.advance(60_000);
      expect(client.connected).toBe(true);
      broker.latest.pair.cut();
    }
    await clock.advance(0);
    const delays = statuses.flatMap((status) => (status.type === "disconnected" ? [status.retryInMs] : []));
    expect(Math.max(...delays)).toBeLessThanOrEqual(500);
    await clock.runUntil(client.close());
  });
});

describe("an idle link", () => {
  it("is asked for after the keepalive, and stands while the broker answers", async () => {
    const { clock, client, broker, troubles } = setUp(undefined, { keepaliveSeconds: 20 });
    await clock.advance(100_000);
    expect(broker.latest.types).toEqual(["connect", ...Array.from({ length: 5 }, () => "pingreq")]);
    expect(troubles()).toEqual([]);
    await clock.runUntil(client.close());
  });

  it("is asked for although much comes in, since the broker must hear of the client", async () => {
    const { clock, client, broker } = setUp(undefined, { keepaliveSeconds: 20 });
    for (let second = 0; second < 60; second++) {
      await clock.advance(1000);
      broker.latest.send(incoming("t"));
    }
    expect(broker.latest.types.filter((type) => type === "pingreq").length).toBeGreaterThanOrEqual(2);
    await clock.runUntil(client.close());
  });

  it("is asked for although much goes out, since nobody may be listening", async () => {
    const { clock, client, broker, troubles } = setUp(undefined, { keepaliveSeconds: 20 });
    await clock.runUntil(client.ready());
    const first = broker.latest;
    first.pair.freeze();
    for (let second = 0; second < 31; second++) {
      await clock.advance(1000);
      if (client.connected) await client.publish("t", "x");
    }
    expect(troubles()).toEqual(["mqtt/timeout"]);
    await clock.runUntil(client.close());
  });

  it("is never asked for without a keepalive", async () => {
    const { clock, client, broker } = setUp(undefined, { keepaliveSeconds: 0 });
    await clock.advance(1_000_000);
    expect(broker.latest.types).toEqual(["connect"]);
    await clock.runUntil(client.close());
  });

  it("costs a year of virtual time little", async () => {
    const { clock, client, broker, troubles } = setUp(undefined, { keepaliveSeconds: 3600 });
    await clock.advance(365 * 86_400_000);
    expect(broker.connections).toHaveLength(1);
    expect(troubles()).toEqual([]);
    await clock.runUntil(client.close());
  });
});

describe("a link whose other end has vanished", () => {
  it("is found within the response time after something was sent", async () => {
    const { clock, client, broker, troubles } = setUp();
    await clock.runUntil(client.ready());
    await clock.advance(5000);
    broker.latest.pair.freeze();
    const publishing = client.publish("t", "x", { qos: 1 });
    await clock.advance(9999);
    expect(troubles()).toEqual([]);
    await clock.advance(1);
    expect(troubles()).toEqual(["mqtt/timeout"]);
    await clock.runUntil(publishing);
    expect(broker.connections).toHaveLength(2);
    expect(broker.latest.received).toContainEqual(
      expect.objectContaining({ type: "publish", duplicate: false }),
    );
    await clock.runUntil(client.close());
  });

  it("is found by the ping when idle", async () => {
    const { clock, client, broker, troubles } = setUp(undefined, { keepaliveSeconds: 60 });
    await clock.runUntil(client.ready());
    broker.latest.pair.freeze();
    await clock.advance(69_999);
    expect(troubles()).toEqual([]);
    await clock.advance(2);
    expect(troubles()).toEqual(["mqtt/timeout"]);
    await clock.runUntil(client.close());
  });

  it("is found when it takes nothing more", async () => {
    const { clock, client, broker, troubles } = setUp();
    await clock.runUntil(client.ready());
    broker.latest.pause(true);
    const publishing = client.publish("t", new Uint8Array(200_000));
    await clock.advance(10_001);
    expect(troubles()).toEqual(["mqtt/timeout"]);
    await publishing;
    await clock.runUntil(client.close());
  });

  it("is told from a broker that is slow to acknowledge but answers pings", async () => {
    const { clock, client, broker, troubles } = setUp(unanswered("publish"));
    await clock.runUntil(client.ready());
    const publishing = client.publish("t", "x", { qos: 1 });
    await clock.advance(120_000);
    expect(troubles()).toEqual([]);
    broker.latest.send({ type: "puback", packetId: 1 });
    await clock.runUntil(publishing, 0);
    await clock.runUntil(client.close());
  });

  it("is told from a broker that answers pings but not SUBSCRIBE: that is given up, too", async () => {
    let silent = true;
    const { clock, client, troubles } = setUp((packet) =>
      silent && packet.type === "subscribe" ? { type: "pingresp" } : undefined,
    );
    await clock.runUntil(client.ready());
    const subscribing = client.subscribe("t");
    await clock.advance(10_001);
    expect(troubles()).toEqual(["mqtt/timeout"]);
    silent = false;
    await clock.runUntil(subscribing);
    await clock.runUntil(client.close());
  });
});
