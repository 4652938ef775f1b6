import { Readable } from "node:stream";
import MemoryPersistence, { type Packet } from "aedes-persistence/asyncPersistence.js";
import type { BrokerDisk } from "./broker-disk.ts";
import { identityOf, type Outgoing, OutgoingQueue, type Resumption } from "./outgoing-queue.ts";

/** Messages that wait for one session's client, and their bytes. Further ones are dropped, as mosquitto does. */
const sessionMessages = 1000;
const sessionBytes = 16 * 1024 * 1024;

/** A session that a message is for. */
export interface Subscriber {
  readonly clientId: string;
  /** That of its subscription. Default 2. */
  readonly qos?: 0 | 1 | 2;
}

/** What waits for the client of each session, in memory and on disk. */
export class SessionQueues {
  readonly #disk: BrokerDisk | undefined;
  readonly #say: (text: string) => void;
  readonly #queues = new Map<string, OutgoingQueue>();
  #place = 0;

  constructor(disk: BrokerDisk | undefined, say: (text: string) => void) {
    this.#disk = disk;
    this.#say = say;
  }

  /** Takes back what was on the disk; in the order of the places. */
  restore(clientId: string, place: number, stored: Packet): void {
    this.#place = Math.max(this.#place, place + 1);
    const packet = stored.cmd === "pubrel" ? stored : new MemoryPersistence.Packet(stored);
    packet.messageId = stored.messageId;
    this.#queueOf(clientId).add(place, packet, sizeOf(packet));
  }

  /** Adds a message, unless the session has it by another subscription (MQTT 3.1.1, 3.3.5), or too many wait. */
  add({ clientId, qos = 2 }: Subscriber, packet: Packet): void {
    const queue = this.#queueOf(clientId);
    if (queue.find(identityOf(packet))) return;
    const bytes = sizeOf(packet);
    if (queue.size >= sessionMessages || queue.bytes + bytes > sessionBytes) {
      if (!queue.fullSaid)
        this.#say(`messages for the client ${clientId} are dropped: ${queue.size} wait for it`);
      queue.fullSaid = true;
      return;
    }
    const level = Math.min(qos, packet.qos ?? 0) as 0 | 1 | 2;
    // A session gets it as a message that is new, also if it is retained for others (3.3.1.3).
    const copy = new MemoryPersistence.Packet({ ...packet, qos: level, retain: false });
    this.#put(clientId, queue.add(this.#place++, copy, bytes));
  }

  /**
   * Notes that a message, or after PUBREC its PUBREL, is about to be written; a message gets an id that is free. What is in no
   * queue, because that was full, goes out all the same.
   *
   * @param identity the message's, see {@link identityOf}
   */
  async send(clientId: string, packet: Packet, identity: string): Promise<void> {
    const queue = this.#queues.get(clientId);
    const isRelease = packet.cmd === "pubrel";
    const outgoing = isRelease ? queue?.findId(packet.messageId) : queue?.find(identity);
    if (!queue || !outgoing) return;
    if (isRelease) queue.release(outgoing, packet);
    else {
      // Whether it is repeated to this client (MQTT 3.1.1, 3.3.1.1), not whether its publisher repeated it.
      packet.dup = queue.resumption !== undefined && outgoing.packet.messageId !== undefined;
      packet.messageId = queue.setId(outgoing, packet.messageId ?? 1);
    }
    this.#put(clientId, outgoing);
    // At QoS 2 the id decides whether the client takes it for new, after a restart too.
    if (isRelease || packet.qos === 2) await this.#disk?.committed();
    const { resumption } = queue;
    if (!resumption) return;
    // It is written in this turn.
    setImmediate(() => {
      resumption.written.add(outgoing);
      resumption.onWritten?.();
    });
  }

  /** The client has acknowledged a message: gives it, and forgets it. */
  acknowledge(clientId: string, messageId: number | undefined): Packet | undefined {
    const queue = this.#queues.get(clientId);
    const outgoing = queue?.findId(messageId);
    if (!queue || !outgoing) return undefined;
    queue.remove(outgoing);
    this.#disk?.remove("outgoing", clientId, outgoing.place);
    this.#forgetIfEmpty(clientId, queue);
    return outgoing.packet;
  }

  /** The client comes back: until its queue is empty, it gets everything out of that. */
  resume(clientId: string): void {
    this.#queueOf(clientId).resumption = { written: new Set(), onWritten: undefined };
  }

  /** Whether a message is in the queue of a client that comes back, and gets to it from there. */
  isComing(clientId: string, identity: string): boolean {
    const queue = this.#queues.get(clientId);
    return queue?.resumption !== undefined && queue.find(identity) !== undefined;
  }

  /** What waits, oldest first. For a client that comes back, each when the one before is written, until none is left. */
  stream(clientId: string): Readable {
    const queue = this.#queues.get(clientId);
    if (!queue) return Readable.from([]);
    const { resumption } = queue;
    if (resumption) return Readable.from(this.#drain(clientId, queue, resumption));
    return Readable.from(Array.from(queue.values(), ({ packet }) => packet));
  }

  async *#drain(clientId: string, queue: OutgoingQueue, resumption: Resumption): AsyncGenerator<Packet> {
    for (const outgoing of queue.values()) {
      yield outgoing.packet;
      while (!resumption.written.delete(outgoing)) {
        await new Promise<void>((resolve) => (resumption.onWritten = resolve));
      }
    }
    if (queue.resumption !== resumption) return;
    queue.resumption = undefined;
    this.#forgetIfEmpty(clientId, queue);
  }

  #put(client: string, { place, packet }: Outgoing): void {
    this.#disk?.put({ kind: "outgoing", client, key: place, value: packet });
  }

  #queueOf(clientId: string): OutgoingQueue {
    let queue = this.#queues.get(clientId);
    if (!queue) this.#queues.set(clientId, (queue = new OutgoingQueue()));
    return queue;
  }

  #forgetIfEmpty(clientId: string, queue: OutgoingQueue): void {
    if (queue.size === 0 && !queue.resumption) this.#queues.delete(clientId);
  }
}

function sizeOf({ topic = "", payload = "" }: Packet): number {
  return topic.length + payload.length;
}
