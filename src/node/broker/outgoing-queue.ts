import type { Packet } from "aedes-persistence/asyncPersistence.js";

/** The greatest packet id (MQTT 3.1.1, 2.3.1). */
const greatestId = 65_535;

/** A message on its way to a session's client, or, once the client has it at QoS 2, the PUBREL that it still gets. */
export interface Outgoing {
  /** Its place in the order of all messages. */
  readonly place: number;
  packet: Packet;
  readonly bytes: number;
}

/** A session that is being resumed: what waits goes out, one after the other, before anything new. */
export interface Resumption {
  /** What was written to the connection, and who waits for the next one to be. */
  readonly written: Set<Outgoing>;
  onWritten: (() => void) | undefined;
}

/** What one session's client has not acknowledged yet, oldest first. */
export class OutgoingQueue {
  /** Set from the client's CONNECT until all that waited for it is written. */
  resumption: Resumption | undefined;
  /** Whether it has been said that it is full, since it was last empty. */
  fullSaid = false;
  bytes = 0;
  readonly #all = new Map<number, Outgoing>();
  readonly #byIdentity = new Map<string, Outgoing>();
  readonly #byMessageId = new Map<number, Outgoing>();

  get size(): number {
    return this.#all.size;
  }

  /** Oldest first; what is added while a loop over it runs comes in that loop. */
  values(): IterableIterator<Outgoing> {
    return this.#all.values();
  }

  add(place: number, packet: Packet, bytes: number): Outgoing {
    const outgoing = { place, packet, bytes };
    this.#all.set(place, outgoing);
    this.bytes += bytes;
    if (packet.cmd !== "pubrel") this.#byIdentity.set(identityOf(packet), outgoing);
    if (packet.messageId !== undefined) this.#byMessageId.set(packet.messageId, outgoing);
    return outgoing;
  }

  find(identity: string): Outgoing | undefined {
    return this.#byIdentity.get(identity);
  }

  findId(messageId: number | undefined): Outgoing | undefined {
    return messageId === undefined ? undefined : this.#byMessageId.get(messageId);
  }

  /** Gives a message the id that it is sent with: the one wished for, or the next that no other message has. */
  setId(outgoing: Outgoing, wished: number): number {
    let id = wished;
    for (let tries = 0; tries < greatestId && (this.#byMessageId.get(id) ?? outgoing) !== outgoing; tries++) {
      id = (id % greatestId) + 1;
    }
    const { messageId } = outgoing.packet;
    if (messageId !== undefined) this.#byMessageId.delete(messageId);
    outgoing.packet.messageId = id;
    this.#byMessageId.set(id, outgoing);
    return id;
  }

  /** The client has the message: only its PUBREL is left to send. */
  release(outgoing: Outgoing, pubrel: Packet): void {
    if (outgoing.packet.cmd === "pubrel") return;
    this.#byIdentity.delete(identityOf(outgoing.packet));
    this.bytes -= outgoing.bytes;
    outgoing.packet = pubrel;
  }

  remove(outgoing: Outgoing): void {
    const { packet, place, bytes } = outgoing;
    if (!this.#all.delete(place)) return;
    if (packet.cmd !== "pubrel") {
      this.#byIdentity.delete(identityOf(packet));
      this.bytes -= bytes;
    }
    if (packet.messageId !== undefined) this.#byMessageId.delete(packet.messageId);
    if (this.#all.size === 0) this.fullSaid = false;
  }
}

/** By what aedes knows a message, over all the copies that it makes of its packet. */
export function identityOf({ brokerId, brokerCounter }: Packet): string {
  return `${brokerId} ${brokerCounter}`;
}
