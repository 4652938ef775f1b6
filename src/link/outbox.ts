import { Ring } from "../base/index.ts";
import type { LinkPublication } from "../wire/index.ts";

interface Waiting extends LinkPublication {
  readonly type: "publish";
  /** What it is called on the wire; 0 as long as it was not sent. */
  id: number;
  readonly settle: (ok: boolean) => void;
}

/** How many publications at QoS 1 and 2 are with the modem at once. */
const window = 250;

/**
 * The publications of a host, in order. Those at QoS 1 and 2 stay until the modem says that the broker has them, over as
 * many lives of the modem as that takes.
 */
export class Outbox {
  /** Publications that had to go because too many waited. */
  dropped = 0;
  readonly #limit: number;
  readonly #waiting: Ring<Waiting>;
  readonly #sent = new Map<number, Waiting>();
  /** What was with a modem that is gone: it goes first. */
  #again: Waiting[] = [];
  #lastId = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#waiting = new Ring(limit);
  }

  /** How many wait or are with the modem. */
  get size(): number {
    return this.#waiting.size + this.#sent.size + this.#again.length;
  }

  /** How many are with the modem and not confirmed. */
  get sent(): number {
    return this.#sent.size;
  }

  /** Takes a publication, or, with `false`, has no room; `settle` is told whether the broker has it. */
  push(publication: LinkPublication, settle: (ok: boolean) => void): boolean {
    if (this.size >= this.#limit) {
      this.dropped++;
      return false;
    }
    const { topic, payload, retain, qos } = publication;
    return this.#waiting.push({ type: "publish", topic, payload, retain, qos, id: 0, settle });
  }

  /** Sends what may be sent, for as long as `send` takes it; gives up what is too long for the wire. */
  sendNext(send: (publication: Waiting) => boolean | "too-long"): void {
    while (this.#sent.size < window) {
      const next = this.#again[0] ?? this.#waiting.peek();
      if (!next) return;
      if (next.qos > 0 && next.id === 0) next.id = this.#nextId();
      const sent = send(next);
      if (!sent) return;
      if (this.#again.length > 0) this.#again.shift();
      else this.#waiting.shift();
      if (sent === "too-long") next.settle(false);
      else if (next.qos > 0) this.#sent.set(next.id, next);
      else next.settle(true);
    }
  }

  /** The modem is done with a publication; `false` for one of which nothing is known. */
  settle(id: number, ok: boolean): boolean {
    const publication = this.#sent.get(id);
    this.#sent.delete(id);
    publication?.settle(ok);
    return publication !== undefined;
  }

  /** The modem has gone: what it had and did not confirm goes again. */
  rewind(): void {
    this.#again = [...this.#sent.values(), ...this.#again];
    this.#sent.clear();
  }

  /** Settles everything that waits, as not done. */
  end(): void {
    for (const publication of [...this.#sent.values(), ...this.#again, ...this.#waiting]) {
      publication.settle(false);
    }
    this.#sent.clear();
    this.#waiting.clear();
    this.#again = [];
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId % 65_535) + 1;
    while (this.#sent.has(this.#lastId));
    return this.#lastId;
  }
}
