import { Ring } from "../base/index.ts";
import type { OutgoingPacket } from "./packets.ts";
import type { Publication } from "./publication.ts";

/**
 * The messages at QoS 1 and 2 that the broker has not taken over yet, by packet id and in the order in which they
 * were first sent (MQTT 3.1.1, 4.3, 4.4 and 4.6).
 */
export class Outgoing {
  /** A `Map` keeps the order in which its keys came. */
  readonly #inflight = new Map<number, Publication>();
  /** What was in flight when the present connection was made and has not been sent on it yet. */
  readonly #resend = new Ring<Publication>(Infinity);

  /** How many went out on the present connection and are not done. */
  sent = 0;

  get size(): number {
    return this.#inflight.size;
  }

  /** Whether messages of an earlier connection still have to go out, before any new one. */
  get hasResends(): boolean {
    return this.#resend.size > 0;
  }

  get(packetId: number): Publication | undefined {
    return this.#inflight.get(packetId);
  }

  values(): IterableIterator<Publication> {
    return this.#inflight.values();
  }

  add(publication: Publication): void {
    this.#inflight.set(publication.packetId, publication);
    publication.sent = true;
    this.sent++;
  }

  delete(publication: Publication): void {
    if (this.#inflight.delete(publication.packetId) && publication.sent) this.sent--;
  }

  /** The first in line that went out on the present connection and that the broker has said nothing about. */
  firstUnanswered(): Publication | undefined {
    for (const publication of this.#inflight.values()) {
      if (!publication.released && publication.unsafeNotes === 0)
        return publication.sent ? publication : undefined;
    }
    return undefined;
  }

  /** Everything in flight goes out again: as a repetition if the broker knows the session, otherwise from the start. */
  connect(sessionPresent: boolean): void {
    this.#resend.clear();
    this.sent = 0;
    for (const publication of this.#inflight.values()) {
      publication.sent = false;
      publication.duplicate = sessionPresent;
      if (!sessionPresent) publication.released = false;
      this.#resend.push(publication);
    }
  }

  /** One that was just added does not go out yet. */
  hold(publication: Publication): void {
    publication.sent = false;
    this.sent--;
  }

  /** It goes out on the present connection after all, if it did not yet. */
  resend(publication: Publication): void {
    this.#resend.push(publication);
  }

  /** The next one to go out again; those that were answered meanwhile, went out already or have to wait are passed over. */
  takeResend(): Publication | undefined {
    for (let next = this.#resend.shift(); next; next = this.#resend.shift()) {
      if (this.#inflight.get(next.packetId) !== next || next.sent || next.unsafeNotes > 0) continue;
      next.sent = true;
      this.sent++;
      return next;
    }
    return undefined;
  }
}

/** The packet with which a message goes on (MQTT 3.1.1, 4.4). */
export function packetOf(publication: Publication): OutgoingPacket {
  return publication.released ? { type: "pubrel", packetId: publication.packetId } : publication;
}
