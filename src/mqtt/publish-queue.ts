import { Ring } from "../base/index.ts";
import { mqttErrors } from "./errors.ts";
import type { Publication } from "./publication.ts";

/**
 * What happens to a message when as many as may are waiting:
 *
 * - `wait`: it waits too, and whoever awaits `publish` is held back by that;
 * - `drop-oldest`: the one that has waited longest is dropped for it;
 * - `drop-newest`: it is dropped itself.
 */
export type OfflinePolicy = "wait" | "drop-oldest" | "drop-newest";

/** What a queue tells. */
export interface PublishQueueOwner {
  /** A message has its place within the limit; once for each, at the latest when it is taken. */
  accept(publication: Publication): void;
}

/** Messages that have not been sent yet, in order. The first of them, up to the limit, are accepted. */
export class PublishQueue {
  /** How many messages the policy has dropped. */
  dropped = 0;
  readonly #limit: number;
  readonly #policy: OfflinePolicy;
  readonly #owner: PublishQueueOwner;
  #waiting: Ring<Publication> | undefined;
  /** How many at the head of the ring are accepted. */
  #accepted = 0;
  /** How many in the ring nobody waits for any more. */
  #forgotten = 0;

  constructor(limit: number, policy: OfflinePolicy, owner: PublishQueueOwner) {
    this.#limit = limit;
    this.#policy = policy;
    this.#owner = owner;
  }

  get size(): number {
    return (this.#waiting?.size ?? 0) - this.#forgotten;
  }

  values(): Publication[] {
    return [...(this.#waiting ?? [])].filter((publication) => !publication.settled);
  }

  /** Whether a further message meets the limit, with so many in flight. */
  isFull(inflight: number): boolean {
    return this.#policy !== "wait" && this.size + inflight >= this.#limit;
  }

  /** Takes a message, or drops one, which is returned. */
  push(publication: Publication, inflight: number): Publication | undefined {
    let dropped: Publication | undefined;
    if (this.isFull(inflight)) {
      this.dropped++;
      // What is in flight already can't be taken back.
      dropped = (this.#policy === "drop-oldest" ? this.take() : undefined) ?? publication;
      dropped.reject(this.#fullError());
    }
    if (dropped !== publication) {
      this.#append(publication);
      this.acceptMore(inflight);
    }
    return dropped;
  }

  /** Takes back what was accepted in an earlier life. Before anything else. */
  restore(publication: Publication): void {
    this.#append(publication);
    this.#accepted++;
  }

  /** Accepts what has its place within the limit by now, with so many in flight. */
  acceptMore(inflight: number): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    while (this.#accepted < waiting.size && this.#accepted - this.#forgotten + inflight < this.#limit) {
      const next = waiting.at(this.#accepted++) as Publication;
      if (!next.settled) this.#owner.accept(next);
    }
  }

  /** The next message to be sent. */
  take(): Publication | undefined {
    for (let next = this.#waiting?.shift(); next; next = this.#waiting?.shift()) {
      const accepted = this.#accepted > 0;
      if (accepted) this.#accepted--;
      if (!next.settled) {
        if (!accepted) this.#owner.accept(next);
        return next;
      }
      this.#forgotten--;
    }
    return undefined;
  }

  /** Nobody waits for a message any more; if it has not been taken, it never will be, and `true` is returned. */
  forget(publication: Publication, reason: unknown): boolean {
    if (publication.settled) return false;
    publication.reject(reason);
    if (publication.packetId > 0) return false;
    this.#forgotten++;
    // Whoever gives up again and again while the broker is away must not fill the memory.
    if (this.#forgotten > 16 && this.#forgotten > this.size) this.#compact();
    return true;
  }

  /** Rejects all that wait. */
  end(error: Error): void {
    for (const one of this.values()) one.reject(error);
    this.#waiting = undefined;
    this.#accepted = 0;
    this.#forgotten = 0;
  }

  #append(publication: Publication): void {
    (this.#waiting ??= new Ring(Infinity)).push(publication);
  }

  /** Lets go of what is forgotten. */
  #compact(): void {
    const accepted = this.#accepted;
    const all = [...(this.#waiting ?? [])];
    this.#waiting = undefined;
    this.#forgotten = 0;
    for (const [index, one] of all.entries()) {
      if (!one.settled) this.#append(one);
      else if (index < accepted) this.#accepted--;
    }
  }

  #fullError(): Error {
    return mqttErrors.create(
      "mqtt/queue-full",
      `${this.#limit} messages wait for the broker already, so that one was dropped (${this.#policy})`,
      { detail: { limit: this.#limit, policy: this.#policy } },
    );
  }
}
