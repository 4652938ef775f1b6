import type { Readable } from "node:stream";
import MemoryPersistence, {
  type Client,
  type Packet,
  type Subscription,
} from "aedes-persistence/asyncPersistence.js";
import { BrokerDisk } from "./broker-disk.ts";
import type { Entry } from "./entries.ts";
import { identityOf } from "./outgoing-queue.ts";
import { SessionQueues, type Subscriber } from "./session-queues.ts";

/** Topics with a retained message. Those of further topics are not kept. */
const retainedTopics = 100_000;

/** Where a {@link BrokerPersistence} is. */
export interface BrokerPersistenceOptions {
  /** Its folder; made if it is not there. One process at a time may have it. Default: everything is in memory. */
  readonly folder?: string | undefined;
  /** Is told of damage, failures, and what is dropped, a line each. Default: nobody is. */
  readonly say?: (text: string) => void;
}

/** A message that was kept before aedes published it. */
interface Kept {
  readonly identity: string;
  /** The sessions that have it in their queues, or do not need it. */
  readonly clients: ReadonlySet<string>;
}

/**
 * aedes' persistence: sessions, messages on their way, retained messages and wills, in memory as aedes' own, and on disk. Beyond
 * that, `keep` takes a message before aedes acknowledges it, and a client that comes back gets its messages in their order.
 */
export class BrokerPersistence extends MemoryPersistence {
  readonly #disk: BrokerDisk | undefined;
  readonly #say: (text: string) => void;
  readonly #queues: SessionQueues;
  /** By payload: aedes copies the packet more than once, and its payload goes from copy to copy. */
  readonly #kept = new WeakMap<object, Kept>();
  readonly #retained = new Set<string>();
  #retainedFull = false;
  readonly #incoming = new Map<string, Set<number>>();

  constructor({ folder, say = () => {} }: BrokerPersistenceOptions = {}) {
    super();
    this.#disk = folder === undefined ? undefined : new BrokerDisk({ folder, say });
    this.#say = say;
    this.#queues = new SessionQueues(this.#disk, say);
  }

  /** Whether what is to be kept cannot be written at present. */
  get isFailing(): boolean {
    return this.#disk?.isFailing ?? false;
  }

  /** @throws `store/in-use`, `store/cannot-open` */
  override async setup(broker: unknown): Promise<void> {
    await super.setup(broker);
    for (const entry of (await this.#disk?.open()) ?? []) await this.#restore(entry);
  }

  override async destroy(): Promise<void> {
    await super.destroy();
    await this.#disk?.close();
  }

  /**
   * Keeps a message that is about to be published: for the sessions that get it, and as retained message. Settles when that is on
   * the disk.
   *
   * @param except a client that has it already
   */
  async keep(packet: Packet, except?: string): Promise<void> {
    if (typeof packet.payload !== "object") packet.payload = Buffer.from(packet.payload ?? "");
    const { topic = "", payload } = packet;
    const found = await this.subscriptionsByTopic(topic);
    // What begins with $ is not for those who listen to everything (MQTT 3.1.1, 4.7.2).
    const subscribers = topic.startsWith("$") ? found.filter((one) => !/^[+#]/.test(one.topic)) : found;
    const others = subscribers.filter(({ clientId }) => clientId !== except);
    const copy = new MemoryPersistence.Packet(packet, this.broker);
    const clients = new Set(others.map(({ clientId }) => clientId));
    if (except !== undefined) clients.add(except);
    this.#kept.set(payload, { identity: identityOf(copy), clients });
    for (const subscriber of others) this.#queues.add(subscriber, copy);
    if (packet.retain) await this.#retain(copy);
    if (packet.retain || others.length > 0) await this.#disk?.committed();
  }

  /** Whether a message is kept already, so that nothing of it waits for the disk any more. */
  hasKept({ payload }: Packet): boolean {
    return typeof payload === "object" && this.#kept.has(payload);
  }

  /** Whether a message must not go to a client's connection now: it goes there behind the older ones. */
  holdsBack(clientId: string, packet: Packet): boolean {
    return this.#queues.isComing(clientId, this.#identityOf(packet));
  }

  override async storeRetained(packet: Packet): Promise<void> {
    await this.#retain(packet);
    if (packet.qos !== 0) await this.#disk?.committed();
  }

  override async addSubscriptions(client: Client, subscriptions: readonly Subscription[]): Promise<void> {
    await super.addSubscriptions(client, subscriptions);
    for (const value of subscriptions) {
      this.#disk?.put({ kind: "subscription", client: client.id, key: value.topic, value });
    }
    await this.#disk?.committed();
  }

  override async removeSubscriptions(client: Client, filters: readonly string[]): Promise<void> {
    await super.removeSubscriptions(client, filters);
    for (const filter of filters) this.#disk?.remove("subscription", client.id, filter);
    await this.#disk?.committed();
  }

  override async cleanSubscriptions(client: Client): Promise<void> {
    const before = await super.subscriptionsByClient(client);
    await super.cleanSubscriptions(client);
    for (const { topic } of before) this.#disk?.remove("subscription", client.id, topic);
    if (before.length > 0) await this.#disk?.committed();
  }

  /** aedes asks for them when a client comes back, before it sends it anything. */
  override async subscriptionsByClient(client: Client): Promise<Subscription[]> {
    this.#queues.resume(client.id);
    return super.subscriptionsByClient(client);
  }

  override outgoingEnqueue(subscriber: Subscriber, packet: Packet): Promise<void> {
    return this.outgoingEnqueueCombi([subscriber], packet);
  }

  override async outgoingEnqueueCombi(subscribers: readonly Subscriber[], packet: Packet): Promise<void> {
    const { payload } = packet;
    const kept = typeof payload === "object" ? this.#kept.get(payload) : undefined;
    for (const subscriber of subscribers) {
      if (!kept?.clients.has(subscriber.clientId)) this.#queues.add(subscriber, packet);
    }
    // The few that have subscribed since it was kept: aedes must not wait now, since it would get the order wrong.
    if (!kept && subscribers.length > 0) await this.#disk?.committed();
  }

  /** aedes is about to send a message, or, after PUBREC, its PUBREL. */
  override outgoingUpdate(client: Client, packet: Packet): Promise<void> {
    return this.#queues.send(client.id, packet, this.#identityOf(packet));
  }

  override async outgoingClearMessageId(client: Client, packet: Packet): Promise<Packet | undefined> {
    return this.#queues.acknowledge(client.id, packet.messageId);
  }

  override outgoingStream(client: Client): Readable {
    return this.#queues.stream(client.id);
  }

  override async incomingStorePacket(client: Client, packet: Packet): Promise<void> {
    const { messageId = 0 } = packet;
    await super.incomingStorePacket(client, packet);
    this.#noteIncoming(client.id, messageId);
    const value = await super.incomingGetPacket(client, packet);
    this.#disk?.put({ kind: "incoming", client: client.id, key: messageId, value });
    await this.#disk?.committed();
  }

  override async incomingDelPacket(client: Client, packet: Packet): Promise<void> {
    const { messageId = 0 } = packet;
    await super.incomingDelPacket(client, packet);
    this.#incoming.get(client.id)?.delete(messageId);
    this.#disk?.remove("incoming", client.id, messageId);
    // Its id may come again for another message, which must not be taken for this one.
    await this.#disk?.committed();
  }

  override async cleanIncoming(client: Client): Promise<void> {
    await super.cleanIncoming(client);
    for (const messageId of this.#incoming.get(client.id) ?? []) {
      this.#disk?.remove("incoming", client.id, messageId);
    }
    this.#incoming.delete(client.id);
  }

  override async putWill(client: Client, packet: Packet): Promise<void> {
    await super.putWill(client, packet);
    this.#disk?.put({ kind: "will", client: client.id, key: "", value: { ...packet } });
  }

  override async delWill(client: Client): Promise<Packet | undefined> {
    const will = await super.delWill(client);
    if (will) this.#disk?.remove("will", client.id, "");
    return will;
  }

  async #restore({ kind, client: id, key, value }: Entry): Promise<void> {
    const client = { id };
    switch (kind) {
      case "retained":
        this.#retained.add(String(key));
        return super.storeRetained(value);
      case "subscription":
        return super.addSubscriptions(client, [value as Subscription]);
      case "incoming":
        this.#noteIncoming(id, Number(key));
        return super.incomingStorePacket(client, value);
      case "outgoing":
        this.#queues.restore(id, Number(key), value);
        return undefined;
      case "will": {
        const { brokerId } = value;
        await super.putWill(client, value);
        // It was left with the broker that has ended: aedes publishes it unless the client comes back soon.
        value.brokerId = brokerId;
        return undefined;
      }
    }
  }

  async #retain(packet: Packet): Promise<void> {
    const { topic = "", payload } = packet;
    if ((payload?.length ?? 0) === 0) {
      this.#retained.delete(topic);
      this.#disk?.remove("retained", "", topic);
    } else if (this.#retained.size >= retainedTopics && !this.#retained.has(topic)) {
      if (!this.#retainedFull) this.#say(`messages are not retained: ${retainedTopics} are already`);
      this.#retainedFull = true;
      return;
    } else {
      this.#retained.add(topic);
      this.#disk?.put({ kind: "retained", client: "", key: topic, value: { ...packet } });
    }
    await super.storeRetained(packet);
  }

  #noteIncoming(clientId: string, messageId: number): void {
    const known = this.#incoming.get(clientId);
    if (known) known.add(messageId);
    else this.#incoming.set(clientId, new Set([messageId]));
  }

  #identityOf(packet: Packet): string {
    const kept = typeof packet.payload === "object" ? this.#kept.get(packet.payload) : undefined;
    return kept?.identity ?? identityOf(packet);
  }
}
