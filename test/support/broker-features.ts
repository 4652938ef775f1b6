import { setTimeout as delay } from "node:timers/promises";
import { type BytePort, decodeUtf8 } from "../../src/base/index.ts";
import { tcp } from "../../src/node/index.ts";
import {
  connect,
  type ConnectOptions,
  type Message,
  type MqttClient,
  Requester,
  respond,
} from "../../src/node/mqtt.ts";
import type { RunningBroker } from "./brokers.ts";

/** How long something that is said to be missing may take until it counts as that, in milliseconds; and what is said to be there. */
const patienceMs = { missing: 600, there: 20_000 };

/** A connection to the broker under test, and what came in on it. */
export interface Guest {
  readonly client: MqttClient;
  readonly messages: Message[];
  /** The texts of what came in. */
  readonly texts: () => string[];
}

/** What a feature is tried with. */
export class Lobby implements AsyncDisposable {
  readonly #broker: RunningBroker;
  readonly #options: ConnectOptions;
  readonly #patienceMs: number;
  readonly #clients: MqttClient[] = [];
  static #count = 0;
  /** A topic that no other feature uses. */
  readonly topic = `try/${++Lobby.#count}`;

  get url(): string {
    return this.#broker.url;
  }

  /** @param isThere whether the broker is said to have the feature */
  constructor(broker: RunningBroker, options: ConnectOptions, isThere: boolean) {
    this.#patienceMs = isThere ? patienceMs.there : patienceMs.missing;
    this.#broker = broker;
    this.#options = options;
  }

  async join(options: ConnectOptions = {}): Promise<Guest> {
    const messages: Message[] = [];
    const client = connect(this.#broker.url, {
      ...this.#broker.options,
      ...this.#options,
      backoff: { minimumMs: 10, maximumMs: 50 },
      onMessage: (message) => void messages.push(message),
      ...options,
    });
    this.#clients.push(client);
    await client.ready(AbortSignal.timeout(this.#patienceMs));
    return { client, messages, texts: () => messages.map(({ payload }) => decodeUtf8(payload) ?? "") };
  }

  /** Whether something comes to hold in time. */
  async comes(holds: () => boolean): Promise<boolean> {
    for (const limit = Date.now() + this.#patienceMs; Date.now() < limit; await delay(2)) {
      if (holds()) return true;
    }
    return false;
  }

  /** What a promise gives, in time. */
  within<T>(promise: Promise<T>): Promise<T> {
    const timeout = AbortSignal.timeout(this.#patienceMs);
    return Promise.race([
      promise,
      new Promise<never>((_resolve, reject) =>
        timeout.addEventListener("abort", () => reject(timeout.reason as Error)),
      ),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}

async function exchange(lobby: Lobby, qos: 0 | 1 | 2): Promise<boolean> {
  const { topic } = lobby;
  const { client, messages, texts } = await lobby.join();
  await client.subscribe(topic, { qos });
  // Fewer than mosquitto 2.0.11 has in flight at once: at QoS 2 it may forget to go on.
  const all = Array.from({ length: 15 }, (_item, index) => String(index));
  await lobby.within(Promise.all(all.map((text) => client.publish(topic, text, { qos }))));
  await lobby.comes(() => messages.length >= all.length);
  return texts().join() === all.join() && messages.every((message) => message.qos === qos);
}

type Feature = (lobby: Lobby) => Promise<boolean>;

/** What is tried with each broker; whether it is there. A failure of any kind means that it is not. */
export const features: Readonly<Record<string, Feature>> = {
  "QoS 0": (lobby) => exchange(lobby, 0),
  "QoS 1": (lobby) => exchange(lobby, 1),
  "QoS 2": (lobby) => exchange(lobby, 2),
  async "retained messages"(lobby) {
    const { topic } = lobby;
    const { client } = await lobby.join();
    await client.publish(`${topic}/a`, "kept", { qos: 1, retain: true });
    const { client: late, messages } = await lobby.join();
    await late.subscribe(`${topic}/+`);
    return lobby.comes(() => messages.some(({ retain }) => retain));
  },
  async wills(lobby) {
    const { topic } = lobby;
    const { client, texts } = await lobby.join();
    await client.subscribe(topic, { qos: 1 });
    const { hostname: host, port } = new URL(lobby.url);
    const ports: BytePort[] = [];
    const mortal = await lobby.join({
      will: { topic, payload: "gone", qos: 1 },
      backoff: { minimumMs: 60_000, maximumMs: 60_000 },
      open: async (options) => {
        const opened = await tcp({ host, port: Number(port) })(options);
        ports.push(opened);
        return opened;
      },
    });
    ports[0]?.close("abort");
    const said = await lobby.comes(() => texts().includes("gone"));
    await mortal.client.close();
    return said;
  },
  async "sessions that are kept"(lobby) {
    const { topic } = lobby;
    const options = { clientId: `kept-${topic.replace("/", "-")}`, clean: false };
    const first = await lobby.join(options);
    await first.client.subscribe(topic, { qos: 1 });
    await first.client.close();
    const { client } = await lobby.join();
    await client.publish(topic, "while away", { qos: 1 });
    const { texts } = await lobby.join(options);
    return lobby.comes(() => texts().includes("while away"));
  },
  async "long messages (1 MB)"(lobby) {
    const { topic } = lobby;
    const { client, messages } = await lobby.join({ maximumPacketBytes: 2_000_000 });
    await client.subscribe(topic, { qos: 1 });
    await lobby.within(client.publish(topic, new Uint8Array(1_000_000), { qos: 1 }));
    return lobby.comes(() => messages[0]?.payload.length === 1_000_000);
  },
  async "any topic"(lobby) {
    const { topic } = lobby;
    const { client, messages } = await lobby.join({ refusalLimit: 1 });
    const topics = ["a.b", "a b", "/a", "a//b", "ä/😀", "*", ">"].map((end) => `${topic}/${end}`);
    await client.subscribe(`${topic}/#`, { qos: 1 });
    await lobby.within(Promise.all(topics.map((one) => client.publish(one, "x", { qos: 1 }))));
    return lobby.comes(() => topics.every((one) => messages.some((message) => message.topic === one)));
  },
  async "a refused message does not block the next"(lobby) {
    const { topic } = lobby;
    const { client, texts } = await lobby.join({ refusalLimit: 2 });
    await client.subscribe(`${topic}/#`, { qos: 1 });
    // Where the broker takes it, nothing is refused.
    client.publish(`${topic}/a.b`, "bad?", { qos: 1 }).catch(() => {});
    await lobby.within(client.publish(topic, "good", { qos: 1 }));
    return lobby.comes(() => texts().includes("good"));
  },
  async "shared subscriptions"(lobby) {
    const { topic } = lobby;
    const guests = [await lobby.join(), await lobby.join()];
    for (const { client } of guests)
      await lobby.within(client.subscribe(`$share/group/${topic}`, { qos: 1 }));
    const { client } = await lobby.join();
    for (let index = 0; index < 10; index++) await client.publish(topic, String(index), { qos: 1 });
    const count = () => guests.reduce((sum, { messages }) => sum + messages.length, 0);
    await lobby.comes(() => count() >= 10);
    return count() === 10 && guests.every(({ messages }) => messages.length > 0);
  },
};

/** What MQTT 5 alone has. */
export const features5: Readonly<Record<string, Feature>> = {
  async "user properties"(lobby) {
    const { topic } = lobby;
    const { client, messages } = await lobby.join();
    await client.subscribe(topic);
    const properties = { userProperties: [["a", "b"] as const], contentType: "text/plain" };
    await client.publish(topic, "x", { properties });
    return lobby.comes(() => messages[0]?.properties?.userProperties?.[0]?.join() === "a,b");
  },
  async "request and response"(lobby) {
    const { topic } = lobby;
    const { client: server } = await lobby.join();
    await server.subscribe(
      topic,
      { qos: 1 },
      async (message) => void (await respond(server, message, "pong")),
    );
    const { client } = await lobby.join();
    const answer = await lobby.within(new Requester(client).request(topic, "ping"));
    return decodeUtf8(answer.payload) === "pong";
  },
  async "no local"(lobby) {
    const { topic } = lobby;
    const { client, texts } = await lobby.join();
    await client.subscribe(topic, { noLocal: true });
    await client.publish(topic, "mine");
    const { client: other } = await lobby.join();
    await other.publish(topic, "theirs");
    await lobby.comes(() => texts().length > 0);
    return texts().join() === "theirs";
  },
  async "retain handling"(lobby) {
    const { topic } = lobby;
    const { client, texts } = await lobby.join();
    await client.publish(topic, "kept", { qos: 1, retain: true });
    await client.subscribe(topic, { retainHandling: 2 });
    await client.publish(topic, "new", { qos: 1 });
    await lobby.comes(() => texts().length > 0);
    return texts().join() === "new";
  },
  async "topic aliases"(lobby) {
    const { client } = await lobby.join();
    return (client.server.topicAliasMaximum ?? 0) > 0 && exchange(lobby, 1);
  },
};
