import type { OutgoingPacket } from "./packets.ts";
import type { Publication } from "./publication.ts";

/** The least number of slots. A power of two, as all are. */
const fewestSlots = 16;

const none: never[] = [];

/**
 * The messages at QoS 1 and 2 that the broker has not taken over yet (MQTT 3.1.1, 4.3, 4.4 and 4.6). Each has the slot that
 * its packet id, modulo the number of slots, gives. A `Map` costs the garbage collector several times as much: whenever it
 * makes room for new keys it leaves a copy behind, which keeps messages alive that are done.
 */
export class Outgoing {
  size = 0;
  /** How many went out on the present connection and are not done. */
  sent = 0;
  #slots: (Publication | undefined)[] = none;
  #lastOrder = 0;
  /** What was in flight when the present connection was made, and how much of it has gone out again. */
  #resend: Publication[] = none;
  #resent = 0;

  /** Whether messages of an earlier connection still have to go out, before any new one. */
  get hasResends(): boolean {
    return this.#resent < this.#resend.length;
  }

  get(packetId: number): Publication | undefined {
    const publication = this.#slots[this.#slotOf(packetId)];
    return publication?.packetId === packetId ? publication : undefined;
  }

  /** Whether a new message may have this id: half of the slots at least are free. */
  isFree(packetId: number): boolean {
    return this.#slots[this.#slotOf(packetId)] === undefined;
  }

  /** In the order in which they were first sent. */
  values(): Publication[] {
    const publications = this.#slots.filter((publication) => publication !== undefined);
    return publications.toSorted((one, other) => one.order - other.order);
  }

  /** Takes a message that has its id. */
  add(publication: Publication): void {
    publication.order = ++this.#lastOrder;
    publication.sent = true;
    this.sent++;
    this.size++;
    while (this.size * 2 > this.#slots.length || !this.isFree(publication.packetId)) this.#grow();
    this.#slots[this.#slotOf(publication.packetId)] = publication;
  }

  delete(publication: Publication): void {
    if (this.get(publication.packetId) !== publication) return;
    this.#slots[this.#slotOf(publication.packetId)] = undefined;
    this.size--;
    if (publication.sent) this.sent--;
  }

  /** The first in line that went out on the present connection and that the broker has said nothing about. */
  firstUnanswered(): Publication | undefined {
    const first = this.values().find((publication) => !publication.released);
    return first?.sent ? first : undefined;
  }

  /** Everything in flight goes out again: as a repetition if the broker knows the session, otherwise from the start. */
  connect(sessionPresent: boolean): void {
    this.#resend = this.values();
    this.#resent = 0;
    this.sent = 0;
    for (const publication of this.#resend) {
      publication.sent = false;
      publication.duplicate = sessionPresent;
      if (!sessionPresent) publication.released = false;
    }
  }

  /** The next one to go out again; one that was answered meanwhile is passed over. */
  takeResend(): Publication | undefined {
    while (this.hasResends) {
      const next = this.#resend[this.#resent++] as Publication;
      if (this.get(next.packetId) !== next) continue;
      next.sent = true;
      this.sent++;
      return next;
    }
    this.#resend = none;
    this.#resent = 0;
    return undefined;
  }

  #slotOf(packetId: number): number {
    return packetId & (this.#slots.length - 1);
  }

  #grow(): void {
    const publications = this.values();
    this.#slots = Array.from({ length: Math.max(fewestSlots, this.#slots.length * 2) });
    for (const publication of publications) this.#slots[this.#slotOf(publication.packetId)] = publication;
  }
}

/** The packet with which a message goes on (MQTT 3.1.1, 4.4). */
export function packetOf(publication: Publication): OutgoingPacket {
  return publication.released ? { type: "pubrel", packetId: publication.packetId } : publication;
}
