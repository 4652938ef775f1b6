import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { generate, type Packet, parser } from "mqtt-packet";
import { describe, expect, it, onTestFinished } from "vitest";
import { DurableBroker, type Taker } from "../../src/hub/durable-broker.ts";
import { BrokerPersistence, systemClock } from "../../src/node/index.ts";
import { until } from "../support/until.ts";

interface RunningBroker {
  readonly port: number;
  readonly said: string[];
  stop(): Promise<void>;
}

interface BrokerSettings {
  readonly folder?: string;
  readonly port?: number;
  readonly taker?: Promise<Taker>;
  readonly patienceMs?: number;
}

/** The embedded broker as the hub runs it, with other patience. */
async function startBroker({
  folder,
  port = 0,
  taker,
  patienceMs = 2000,
}: BrokerSettings = {}): Promise<RunningBroker> {
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const persistence = new BrokerPersistence({ folder, say });
  const broker = new DurableBroker({ persistence, clock: systemClock, patienceMs, taker, say });
  await broker.listen();
  const server = createServer({ noDelay: true }, broker.handle);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  let running = true;
  const stop = async () => {
    if (!running) return;
    running = false;
    await new Promise<void>((resolve) => broker.close(resolve));
    await new Promise((resolve) => server.close(resolve));
    await persistence.destroy();
  };
  onTestFinished(stop);
  return { port: typeof address === "object" && address ? address.port : 0, said, stop };
}

/** A client, and what it has heard, as `topic payload`. */
interface Peer {
  readonly client: MqttClient;
  readonly heard: string[];
}

async function join(port: number, options: IClientOptions = {}): Promise<Peer> {
  const client = connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, ...options });
  onTestFinished(() => client.endAsync(true));
  const heard: string[] = [];
  client.on("message", (topic, payload) => void heard.push(`${topic} ${payload.toString()}`));
  await new Promise<void>((resolve) => client.once("connect", () => resolve()));
  return { client, heard };
}

function makeFolder(): string {
  const folder = mkdtempSync(joinPath(tmpdir(), "moteq-embedded-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return joinPath(folder, "broker");
}

/** A connection on which packets go as they are given. */
class RawClient {
  readonly packets: Packet[] = [];
  readonly socket: Socket;
  isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    const reader = parser();
    reader.on("packet", (packet) => void this.packets.push(packet));
    socket.on("data", (bytes: Buffer) => void reader.parse(bytes));
    socket.on("close", () => (this.isClosed = true));
    socket.on("error", () => {});
  }

  static async open(port: number, clientId: string, clean = true): Promise<RawClient> {
    const socket = connectTcp(port, "127.0.0.1");
    await once(socket, "connect");
    const client = new RawClient(socket);
    onTestFinished(() => void socket.destroy());
    client.send({ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean, clientId, keepalive: 0 });
    await until(() => client.packets.length > 0);
    return client;
  }

  send(...packets: Packet[]): void {
    this.socket.write(Buffer.concat(packets.map((packet) => generate(packet))));
  }

  /** What it was answered: the kinds and ids of packets. */
  get answers(): string[] {
    return this.packets
      .filter(({ cmd }) => cmd !== "connack")
      .map(({ cmd, messageId }) => `${cmd} ${messageId}`);
  }
}

function publication(
  topic: string,
  payload: string,
  qos: 0 | 1 | 2,
  messageId?: number,
  retain = false,
): Packet {
  const id = messageId === undefined ? {} : { messageId };
  return { cmd: "publish", topic, payload, qos, retain, dup: false, ...id };
}

/** A gateway that takes what is below `node/` when it is told to. */
class HeldTaker implements Taker {
  readonly clientId = "gateway";
  readonly taken: string[] = [];
  readonly #settle: (() => void)[] = [];

  wants(topic: string): boolean {
    return topic.startsWith("node/");
  }

  take({ topic, payload }: { topic: string; payload: Uint8Array }): Promise<void> {
    this.taken.push(`${topic} ${Buffer.from(payload).toString()}`);
    return new Promise((resolve) => this.#settle.push(resolve));
  }

  /** What it was given so far is on its disk. */
  settle(): void {
    for (const resolve of this.#settle.splice(0)) resolve();
  }
}

describe("the embedded broker (real)", () => {
  it("acknowledges what the gateway wants when the gateway has it, and in the order in which it came", async () => {
    const taker = new HeldTaker();
    const { port } = await startBroker({ taker: Promise.resolve(taker) });
    const raw = await RawClient.open(port, "publisher");
    raw.send(
      publication("node/a", "1", 1, 7),
      publication("other", "2", 1, 8),
      publication("node/a", "3", 2, 9),
    );
    await until(() => taker.taken.length === 2);
    expect([taker.taken, raw.answers]).toEqual([["node/a 1", "node/a 3"], []]);
    taker.settle();
    await until(() => raw.answers.length === 3);
    expect(raw.answers).toEqual(["puback 7", "puback 8", "pubrec 9"]);
  });

  it("gives the gateway's own connection nothing that the gateway has taken, and all else", async () => {
    const taker = new HeldTaker();
    const { port } = await startBroker({ taker: Promise.resolve(taker), folder: makeFolder() });
    const gateway = await join(port, { clientId: "gateway", clean: false });
    await gateway.client.subscribeAsync(["node/#", "query"], { qos: 1 });
    const other = await join(port, { clientId: "other" });
    await other.client.subscribeAsync("#", { qos: 1 });
    const { client: publisher } = await join(port);
    const published = [
      publisher.publishAsync("node/a", "0", { qos: 0 }),
      publisher.publishAsync("node/a", "1", { qos: 1 }),
      publisher.publishAsync("node/a", "2", { qos: 2 }),
      publisher.publishAsync("query", "3", { qos: 1 }),
    ];
    await until(() => taker.taken.length === 2);
    taker.settle();
    await Promise.all(published);
    await until(() => gateway.heard.length === 2 && other.heard.length === 4);
    expect(taker.taken).toEqual(["node/a 1", "node/a 2"]);
    expect(gateway.heard.toSorted()).toEqual(["node/a 0", "query 3"]);
    expect(other.heard.toSorted()).toEqual(["node/a 0", "node/a 1", "node/a 2", "query 3"]);
    // Nor does its session keep any of it.
    await gateway.client.endAsync(true);
    const again = await join(port, { clientId: "gateway", clean: false });
    await publisher.publishAsync("node/a", "4", { qos: 0 });
    await until(() => again.heard.length > 0);
    expect(again.heard).toEqual(["node/a 4"]);
  });

  it("takes a message at QoS 2 that comes twice once", async () => {
    const taker = new HeldTaker();
    const { port } = await startBroker({ taker: Promise.resolve(taker) });
    const raw = await RawClient.open(port, "publisher", false);
    raw.send(publication("node/a", "1", 2, 7));
    await until(() => taker.taken.length === 1);
    taker.settle();
    await until(() => raw.answers.length === 1);
    raw.socket.destroy();
    const again = await RawClient.open(port, "publisher", false);
    again.send({ ...publication("node/a", "1", 2, 7), dup: true } as Packet);
    await until(() => again.answers.length === 1);
    again.send({ cmd: "pubrel", messageId: 7 });
    await until(() => again.answers.length === 2);
    expect([taker.taken, again.answers]).toEqual([["node/a 1"], ["pubrec 7", "pubcomp 7"]]);
  });

  it("ends the connection of a publisher whose message cannot be stored in time, says so once, and takes it later", async () => {
    const taker = new HeldTaker();
    const { port, said } = await startBroker({ taker: Promise.resolve(taker), patienceMs: 50 });
    const late = await RawClient.open(port, "late");
    late.send(publication("node/a", "1", 1, 7));
    await until(() => late.isClosed);
    expect(late.answers).toEqual([]);
    // While the store does not come back, nothing more is put before it.
    const refused = await RawClient.open(port, "refused");
    refused.send(publication("node/a", "2", 1, 8));
    await until(() => refused.isClosed);
    expect(taker.taken).toEqual(["node/a 1"]);
    expect(said).toEqual([expect.stringContaining("a message on node/a cannot be stored at present")]);
    // Others are not concerned.
    const other = await join(port);
    await other.client.publishAsync("other", "x", { qos: 1 });
    taker.settle();
    const recovered = await RawClient.open(port, "recovered");
    recovered.send(publication("node/a", "3", 1, 9));
    await until(() => taker.taken.length === 2);
    taker.settle();
    await until(() => recovered.answers.length === 1);
    expect(recovered.answers).toEqual(["puback 9"]);
  });

  it("lets the gateway's own connection wait as long as it takes", async () => {
    const taker = new HeldTaker();
    const { port } = await startBroker({ taker: Promise.resolve(taker), patienceMs: 20 });
    const raw = await RawClient.open(port, "gateway");
    raw.send(publication("node/a", "1", 1, 7));
    await until(() => taker.taken.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([raw.isClosed, raw.answers]).toEqual([false, []]);
    taker.settle();
    await until(() => raw.answers.length === 1);
  });

  it("makes publishers wait until the gateway has begun", async () => {
    const begun = new AbortController();
    const taker = new HeldTaker();
    const { port } = await startBroker({ taker: once(begun.signal, "abort").then(() => taker) });
    const raw = await RawClient.open(port, "early");
    raw.send(publication("node/a", "1", 1, 7));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(raw.answers).toEqual([]);
    begun.abort();
    await until(() => taker.taken.length === 1);
    taker.settle();
    await until(() => raw.answers.length === 1);
  });

  it("sends subscribers a retained message and what was published right behind it", async () => {
    const { port } = await startBroker({ folder: makeFolder() });
    const { client: listener, heard } = await join(port);
    await listener.subscribeAsync("#", { qos: 1 });
    const raw = await RawClient.open(port, "publisher");
    raw.send(publication("a", "retained", 0, undefined, true), publication("b", "plain", 0));
    raw.send(publication("c", "retained", 1, 1, true), publication("d", "plain", 0));
    await until(() => heard.length === 4);
    expect(heard.toSorted()).toEqual(["a retained", "b plain", "c retained", "d plain"]);
    const { client: later, heard: kept } = await join(port);
    await later.subscribeAsync("#");
    await until(() => kept.length === 2);
    expect(kept).toEqual(["a retained", "c retained"]);
  });

  it("sends a client that comes back its messages in their order, each once, while more are published", async () => {
    const { port } = await startBroker({ folder: makeFolder() });
    const session: IClientOptions = { clientId: "sleeper", clean: false };
    const { client: sleeper } = await join(port, session);
    await sleeper.subscribeAsync("t", { qos: 1 });
    await sleeper.endAsync();
    const { client: publisher } = await join(port);
    const expected: string[] = [];
    const publish = (count: number) =>
      Promise.all(
        Array.from({ length: count }, () => {
          const text = String(expected.length);
          expected.push(`t ${text}`);
          return publisher.publishAsync("t", text, { qos: 1 });
        }),
      );
    await publish(300);
    const coming = join(port, session);
    for (let round = 0; round < 20; round++) await publish(20);
    const { heard } = await coming;
    await until(() => heard.length >= expected.length);
    expect(heard).toEqual(expected);
  });

  it("gives each of a session's unacknowledged messages an id of its own", async () => {
    const { port } = await startBroker();
    const ids: (number | undefined)[] = [];
    for (let round = 0; round < 3; round++) {
      const session = await RawClient.open(port, "silent", false);
      session.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 1 }] });
      const { client } = await join(port);
      await client.publishAsync("t", String(round), { qos: 1 });
      await until(() => session.packets.filter(({ cmd }) => cmd === "publish").length > round);
      ids.splice(
        0,
        ids.length,
        ...session.packets.filter(({ cmd }) => cmd === "publish").map(({ messageId }) => messageId),
      );
      session.socket.destroy();
    }
    expect(new Set(ids).size).toBe(3);
  });
});
