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

/** Messages that were accepted and have not been sent yet, in order. */
export class PublishQueue {
  /** How many messages the policy has dropped. */
  dropped = 0;
  readonly #limit: number;
  readonly #policy: OfflinePolicy;
  #waiting = new Ring<Publication>(Infinity);
  /** How many in the ring nobody waits for any more. */
  #forgotten = 0;

  constructor(limit: number, policy: OfflinePolicy) {
    this.#limit = limit;
    this.#policy = policy;
  }

  get size(): number {
    return this.#waiting.size - this.#forgotten;
  }

  values(): Publication[] {
    return [...this.#waiting].filter((publication) => !publication.settled);
  }

  /** Whether a further message meets the limit, with so many in flight. */
  isFull(inflight: number): boolean {
    return this.#policy !== "wait" && this.size + inflight >= this.#limit;
  }

  /** Takes a message, or drops one. */
  push(publication: Publication, inflight: number): void {
    if (this.isFull(inflight)) {
      this.dropped++;
      // What is in flight already can't be taken back.
      const dropped = this.#policy === "drop-oldest" ? this.take() : undefined;
      (dropped ?? publication).reject(this.#fullError());
      if (!dropped) return;
    }
    this.#waiting.push(publication);
  }

  /** The next message to be sent. */
  take(): Publication | undefined {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (!next.settled) return next;
      this.#forgotten--;
    }
    return undefined;
  }

  /** Nobody waits for a message any more; if it has not been taken, it never will be. */
  forget(publication: Publication, reason: unknown): void {
    if (publication.settled) return;
    publication.reject(reason);
    if (publication.packetId > 0) return;
    this.#forgotten++;
    // Whoever gives up again and again while the broker is away must not fill the memory.
    if (this.#forgotten <= 16 || this.#forgotten <= this.#waiting.size / 2) return;
    const kept = this.values();
    this.#waiting = new Ring<Publication>(Infinity);
    this.#forgotten = 0;
    for (const one of kept) this.#waiting.push(one);
  }

  /** Rejects all that wait. */
  end(error: Error): void {
    for (let next = this.take(); next; next = this.take()) next.reject(error);
  }

  #fullError(): Error {
    return mqttErrors.create(
      "mqtt/queue-full",
      `${this.#limit} messages wait for the broker already, so that one was dropped (${this.#policy})`,
      { detail: { limit: this.#limit, policy: this.#policy } },
    );
  }
}
