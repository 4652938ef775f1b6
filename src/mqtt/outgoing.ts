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
  /** What was in flight when the present connection was made and has not gone out again, the first of it last. */
  #resend: Publication[] = none;

  /** Whether messages of an earlier connection still have to go out, before any new one. */
  get hasResends(): boolean {
    return this.#resend.length > 0;
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
    // The array is its own; some small engines have no `toSorted` yet.
    // eslint-disable-next-line unicorn/no-array-sort
    return publications.sort((one, other) => one.order - other.order);
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
    const first = this.values().find(({ released, unsafeNotes }) => !released && unsafeNotes === 0);
    return first?.sent ? first : undefined;
  }

  /** Everything in flight goes out again: as a repetition if the broker knows the session, otherwise from the start. */
  connect(sessionPresent: boolean): void {
    // eslint-disable-next-line unicorn/no-array-reverse
    this.#resend = this.values().reverse();
    this.sent = 0;
    for (const publication of this.#resend) {
      publication.sent = false;
      publication.duplicate = sessionPresent;
      if (!sessionPresent) publication.released = false;
    }
  }

  /** One that was just added does not go out yet. */
  hold(publication: Publication): void {
    publication.sent = false;
    this.sent--;
  }

  /** It goes out on the present connection after all, if it did not yet, behind all others. */
  resend(publication: Publication): void {
    this.#resend = [publication, ...this.#resend];
  }

  /** The next one to go out again; those that were answered meanwhile, went out already or have to wait are passed over. */
  takeResend(): Publication | undefined {
    for (let next = this.#resend.pop(); next; next = this.#resend.pop()) {
      if (this.get(next.packetId) !== next || next.sent || next.unsafeNotes > 0) continue;
      next.sent = true;
      this.sent++;
      return next;
    }
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
