import { describe, expect, it } from "vitest";
import {
  type ConnackPacket,
  type ConnectPacket,
  keepIn,
  MemorySessionStore,
  type Message,
  type MqttClientOptions,
  mqttErrors,
  type Packet,
  type PublishPacket,
  type Reason,
} from "../../src/mqtt/index.ts";
import { incoming, setUp as setUpAny } from "./link-bench.ts";
import type { Script, ScriptedConnection } from "./scripted-broker.ts";

function setUp(script?: Script, options: Partial<MqttClientOptions> = {}) {
  return setUpAny(script, { version: 5, ...options });
}

/** Accepts with these properties. */
function accept(properties: ConnackPacket["properties"], sessionPresent = false): Script {
  return (packet) =>
    packet.type === "connect"
      ? { type: "connack", sessionPresent, reasonCode: 0, ...(properties ? { properties } : {}) }
      : undefined;
}

function publications({ received }: ScriptedConnection): PublishPacket[] {
  return received.filter((packet) => packet.type === "publish");
}

const reasonIs = (reason: Reason) => (error: unknown) =>
  mqttErrors.is(error) && error.detail["reason"] === reason;

describe("connecting with MQTT 5", () => {
  it("says what it can take, and how long its session is to last", async () => {
    const { clock, broker, client } = setUp(undefined, {
      clientId: "me",
      clean: false,
      incomingLimit: 7,
      maximumPacketBytes: 5000,
      topicAliasMaximum: 3,
      properties: { userProperties: [["from", "test"]] },
      will: { topic: "gone", payload: "", properties: { willDelayInterval: 5 } },
    });
    await clock.runUntil(client.ready());
    expect(broker.latest.received[0]).toMatchObject({
      version: 5,
      clean: false,
      properties: {
        sessionExpiryInterval: 0xffff_ffff,
        receiveMaximum: 7,
        maximumPacketSize: 5000,
        topicAliasMaximum: 3,
        userProperties: [["from", "test"]],
      },
      will: { properties: { willDelayInterval: 5 } },
    });
  });

  it("takes the name and the keep-alive that the broker gives", async () => {
    const { clock, broker, client } = setUp(
      accept({ assignedClientIdentifier: "yours", serverKeepAlive: 2 }),
      {
        clientId: "",
      },
    );
    await clock.runUntil(client.ready());
    expect([client.clientId, client.server.serverKeepAlive]).toEqual(["yours", 2]);
    await clock.advance(2500);
    expect(broker.latest.types).toContain("pingreq");
    broker.latest.close();
    await clock.advance(5000);
    expect((broker.latest.received[0] as ConnectPacket).clientId).toBe("yours");
  });

  it("names the reason of a refusal, and what the broker said besides", async () => {
    const { clock, statuses } = setUp((packet) =>
      packet.type === "connect"
        ? {
            type: "connack",
            sessionPresent: false,
            reasonCode: 0x9d,
            properties: { reasonString: "gone south", serverReference: "south.example" },
          }
        : undefined,
    );
    await clock.advance(10);
    expect(statuses.find(({ type }) => type === "disconnected")).toMatchObject({
      error: {
        code: "mqtt/refused",
        message: "the broker refused the connection: server moved (0x9d): gone south",
        detail: { reason: "server-moved", serverReference: "south.example" },
      },
    });
  });

  it("understands a broker that only speaks MQTT 3.1.1", async () => {
    const { clock, statuses } = setUp((packet, connection) => {
      if (packet.type === "connect") connection.sendBytes(0x20, 2, 0, 1);
      return { type: "pingresp" };
    });
    await clock.advance(10);
    expect(statuses.find(({ type }) => type === "disconnected")).toMatchObject({
      error: { detail: { reason: "unsupported-protocol-version" } },
    });
  });

  it("hears why the broker ends the connection, and connects again", async () => {
    const { clock, broker, client, statuses } = setUp();
    await clock.runUntil(client.ready());
    broker.latest.send({ type: "disconnect", reasonCode: 0x8e });
    await clock.advance(5000);
    expect(statuses.filter(({ type }) => type === "disconnected")).toMatchObject([
      { error: { code: "mqtt/disconnected", detail: { reason: "session-taken-over" } } },
    ]);
    expect(client.connected).toBe(true);
  });
});

describe("publishing with MQTT 5", () => {
  it.each([
    ["puback", 1],
    ["pubrec", 2],
  ] as const)("rejects with the reason of a %s", async (type, qos) => {
    const { clock, client } = setUp((packet) =>
      packet.type === "publish" ? { type, packetId: packet.packetId, reasonCode: 0x97 } : undefined,
    );
    await clock.runUntil(client.ready());
    const publishing = client.publish("t", "x", { qos });
    await expect(clock.runUntil(publishing)).rejects.toSatisfy(reasonIs("quota-exceeded"));
    expect(client.stats.inflight).toBe(0);
  });

  it("takes a broker's lack of subscribers for success", async () => {
    const { clock, client } = setUp((packet) =>
      packet.type === "publish" ? { type: "puback", packetId: packet.packetId, reasonCode: 0x10 } : undefined,
    );
    await clock.runUntil(client.publish("t", "x", { qos: 1 }));
  });

  it("has no more in flight than the broker takes, also when all goes out again", async () => {
    const { clock, broker, client } = setUp(
      (packet) => {
        if (packet.type === "publish") return { type: "pingresp" };
        return accept({ receiveMaximum: broker.connections.length === 1 ? 5 : 2 }, true)(
          packet,
          broker.latest,
        );
      },
      { clean: false, clientId: "c" },
    );
    for (let index = 0; index < 9; index++) client.publish("t", String(index), { qos: 1 }).catch(() => {});
    await clock.runUntil(client.ready());
    await clock.advance(1);
    expect(publications(broker.latest)).toHaveLength(5);
    broker.latest.close();
    await clock.advance(3000);
    const [first] = publications(broker.latest);
    broker.latest.send({ type: "puback", packetId: first?.packetId ?? 0 });
    await clock.advance(1);
    expect(publications(broker.latest).map(({ duplicate }) => duplicate)).toEqual([true, true, true]);
  });

  it("uses aliases as far as the broker takes them, anew on each connection", async () => {
    const { clock, broker, client } = setUp(accept({ topicAliasMaximum: 1 }));
    await clock.runUntil(client.ready());
    const spy: string[] = [];
    const publish = async () => {
      for (const topic of ["a/long/topic", "another/topic", "a/long/topic"]) {
        await clock.runUntil(client.publish(topic, "x", { qos: 1 }));
      }
      spy.push(
        ...publications(broker.latest).map(({ topic, properties }) => `${topic} ${properties?.topicAlias}`),
      );
    };
    await publish();
    broker.latest.close();
    await clock.advance(1000);
    await publish();
    const expected = ["a/long/topic 1", "another/topic undefined", "a/long/topic 1"];
    expect(spy).toEqual([...expected, ...expected]);
  });

  it("refuses at once what the broker cannot take", async () => {
    const { clock, broker, client } = setUp(
      accept({ maximumQoS: 1, retainAvailable: false, maximumPacketSize: 100 }),
    );
    await clock.runUntil(client.ready());
    await expect(clock.runUntil(client.publish("t", "x", { qos: 2 }))).rejects.toSatisfy(
      reasonIs("qos-not-supported"),
    );
    await expect(clock.runUntil(client.publish("t", "x", { retain: true }))).rejects.toSatisfy(
      reasonIs("retain-not-supported"),
    );
    await expect(clock.runUntil(client.publish("t", "x".repeat(100), { qos: 1 }))).rejects.toSatisfy(
      (error) => mqttErrors.is(error, "mqtt/too-long"),
    );
    await clock.runUntil(client.publish("t", "x".repeat(90), { qos: 1 }));
    expect(publications(broker.latest)).toHaveLength(1);
  });
});

describe("what a caller gives with a message", () => {
  it.each([
    ["pairs as an object", { userProperties: { a: "b" } }],
    ["a text that is too long", { contentType: "x".repeat(65_536) }],
    ["a NUL", { responseTopic: "a\0" }],
    ["a number that is none", { messageExpiryInterval: 1.5 }],
    ["what is not a message's", { sessionExpiryInterval: 1 }],
  ])("is refused at once when it cannot be written: %s", async (_what, properties) => {
    const store = new MemorySessionStore();
    const { clock, client } = setUp(undefined, { keeper: keepIn(store), clientId: "keeper", clean: false });
    const options = { qos: 1, properties: properties as object } as const;
    await expect(client.enqueue("t", "x", options)).rejects.toMatchObject({ code: "mqtt/bad-option" });
    await clock.runUntil(client.publish("t", "behind it", { qos: 1 }));
    expect(store.load().messages).toEqual([]);
  });

  it("may be what came with another: what only stood between that and the broker is left out", async () => {
    const { clock, broker, client } = setUp(accept({ topicAliasMaximum: 5 }));
    await clock.runUntil(client.ready());
    const properties = { topicAlias: 1, subscriptionIdentifiers: [7], contentType: "text/plain" };
    await clock.runUntil(client.publish("out", "x", { properties }));
    await clock.advance(1);
    expect(publications(broker.latest).map((packet) => packet.properties)).toEqual([
      { contentType: "text/plain" },
    ]);
  });

  it("goes without it when a store has kept it from before", async () => {
    const store = new MemorySessionStore();
    const message = { sequence: 1, topic: "t", payload: "x", qos: 1 as const, retain: false, packetId: 0 };
    const properties = { userProperties: { a: "b" } } as unknown as PublishPacket["properties"];
    await store.apply([{ type: "put", message: { ...message, released: false, properties } }]);
    const { clock, broker, client } = setUp(undefined, {
      keeper: keepIn(store),
      clientId: "keeper",
      clean: false,
    });
    await clock.runUntil(client.flush());
    expect(publications(broker.latest)).toHaveLength(1);
  });
});

describe("receiving with MQTT 5", () => {
  it("gives properties and the topic that an alias stands for", async () => {
    const messages: Message[] = [];
    const { clock, broker, client } = setUp(undefined, {
      onMessage: (message) => void messages.push(message),
    });
    await clock.runUntil(client.ready());
    const properties = { topicAlias: 2, contentType: "text/plain" };
    broker.latest.send({ ...incoming("a/b"), properties } as Packet);
    broker.latest.send({ ...incoming(""), properties: { topicAlias: 2 } } as Packet);
    await clock.advance(1);
    expect(messages.map(({ topic }) => topic)).toEqual(["a/b", "a/b"]);
    // The alias is between the broker and this client: whoever passes a message on must not set one by that.
    expect(messages[0]?.properties).toStrictEqual({ contentType: "text/plain" });
  });

  it.each([
    ["an alias that stands for nothing", [0x30, 6, 0, 0, 3, 0x23, 0, 1], 0x94],
    ["an alias beyond what it takes", [0x30, 7, 0, 1, 0x61, 3, 0x23, 0, 99], 0x94],
    ["a property that is none", [0x30, 6, 0, 1, 0x61, 2, 0x7f, 0], 0x81],
    ["a packet that is too long", [0x30, 0xff, 0xff, 0xff, 0x7f], 0x95],
    ["a packet that is not its to send", [0x82, 3, 0, 1, 0], 0x81],
    ["an acknowledgement of nothing", [0x40, 2, 0xff, 0xff], 0x82],
  ])("tells the broker off for %s, and goes on", async (_what, bytes, reasonCode) => {
    const { clock, broker, client, troubles } = setUp();
    await clock.runUntil(client.ready());
    const [connection] = broker.connections;
    connection?.sendBytes(...bytes);
    await clock.advance(5000);
    expect(connection?.received.at(-1)).toEqual({ type: "disconnect", reasonCode });
    expect(troubles()).toEqual(["mqtt/protocol"]);
    expect(client.connected).toBe(true);
  });

  it("tells the broker off for more messages than it may have unacknowledged", async () => {
    const { clock, broker, client } = setUp(undefined, {
      incomingLimit: 2,
      onMessage: () => new Promise<void>(() => {}),
    });
    await clock.runUntil(client.ready());
    const [connection] = broker.connections;
    connection?.send(incoming("a", 1, 1), incoming("a", 2, 2), incoming("a", 1, 3));
    await clock.advance(1);
    expect(connection?.received.at(-1)).toEqual({ type: "disconnect", reasonCode: 0x93 });
  });

  it("leaves the window to the broker: reading goes on while handlers are busy", async () => {
    const release: (() => void)[] = [];
    const { clock, broker, client } = setUp(undefined, {
      incomingLimit: 2,
      onMessage: () => new Promise<void>((resolve) => void release.push(resolve)),
    });
    await clock.runUntil(client.ready());
    broker.latest.send(incoming("a", 1, 1), incoming("a", 1, 2));
    await clock.advance(1);
    // What a handler may be waiting for still comes in.
    await clock.runUntil(client.publish("b", "x", { qos: 1 }));
    release.at(-1)?.();
    await clock.advance(1);
    expect(broker.latest.types.filter((type) => type === "puback")).toHaveLength(0);
  });
});

describe("subscribing with MQTT 5", () => {
  it("asks for what it was told to, again too when the session is lost", async () => {
    const { clock, broker, client } = setUp();
    const options = { qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 2 } as const;
    await clock.runUntil(client.subscribe("a/#", options));
    broker.latest.close();
    await clock.advance(5000);
    const expected = { type: "subscribe", subscriptions: [{ filter: "a/#", ...options }] };
    expect(broker.connections.map(({ received }) => received[1])).toMatchObject([expected, expected]);
  });

  it("rejects with the broker's reason", async () => {
    const { clock, client } = setUp((packet) =>
      packet.type === "subscribe"
        ? { type: "suback", packetId: packet.packetId, reasonCodes: [0x9e], properties: {} }
        : undefined,
    );
    await expect(clock.runUntil(client.subscribe("$share/g/a"))).rejects.toSatisfy(
      reasonIs("shared-subscriptions-not-supported"),
    );
  });

  it("gets the messages of a shared subscription", async () => {
    const { clock, broker, client } = setUp();
    const topics: string[] = [];
    await clock.runUntil(client.subscribe("$share/group/a/+", {}, ({ topic }) => void topics.push(topic)));
    broker.latest.send(incoming("a/b"), incoming("b/a"));
    await clock.advance(1);
    expect(topics).toEqual(["a/b"]);
  });
});

describe("enhanced authentication, which the client does not know", () => {
  const method = { authenticationMethod: "SCRAM-SHA-1" };

  it("ends the connection as a violation of the protocol when the broker begins it", async () => {
    const { clock, broker, troubles } = setUp((packet) =>
      packet.type === "connect" ? { type: "auth", reasonCode: 0x18, properties: method } : undefined,
    );
    await clock.advance(100);
    expect(troubles()).toEqual(["mqtt/protocol"]);
    expect(broker.connections[0]?.received.at(-1)).toEqual({ type: "disconnect", reasonCode: 0x82 });
  });

  it("is the reason of a refusal when the broker insists on it", async () => {
    const { clock, statuses } = setUp((packet) =>
      packet.type === "connect" ? { type: "connack", sessionPresent: false, reasonCode: 0x8c } : undefined,
    );
    await clock.advance(100);
    const error = statuses.flatMap((status) => (status.type === "disconnected" ? [status.error] : []))[0];
    expect(error?.code).toBe("mqtt/refused");
    expect(error).toSatisfy(reasonIs("bad-authentication-method"));
  });
});

describe("a clean slate", () => {
  it.each([4, 5] as const)("is made once, and the session kept from then on: version %i", async (version) => {
    const { clock, broker, client } = setUp(undefined, { version, clientId: "me", clean: "once" });
    await clock.runUntil(client.ready());
    expect(client.stats.connections).toBe(1);
    broker.latest.close();
    await clock.advance(5000);
    const cleans = broker.connections.map(({ received }) => (received[0] as ConnectPacket).clean);
    expect(cleans).toEqual(version === 5 ? [true, false] : [true, false, false]);
    if (version === 4) expect(broker.connections[0]?.types).toEqual(["connect", "disconnect"]);
  });
});
