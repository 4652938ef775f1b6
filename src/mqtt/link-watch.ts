import type { Clock, Timer } from "../base/index.ts";

/** Times of a {@link LinkWatch}, in milliseconds. */
export interface LinkWatchOptions {
  readonly clock: Clock;
  /** How long the broker may be silent while something is awaited of it. */
  readonly responseTimeoutMs: number;
  /** After so long without sending or without receiving the broker is asked whether it is there; 0 for never. */
  readonly keepaliveMs: number;
}

/** What a watch must know of the connection, and what it does to it. */
export interface WatchedLink {
  /** Whether an answer is awaited, or that there is room to write. */
  isExpecting(): boolean;
  /** How many SUBSCRIBE and UNSUBSCRIBE are unanswered: these have to be answered in time. */
  awaitedRequests(): number;
  ping(): void;
  /** The link is dead; `what` says why, as the rest of a sentence that begins with "the broker". */
  giveUp(what: string): void;
}

/**
 * Finds out whether a connection still stands (MQTT 3.1.1, 3.1.2.10): asks with PINGREQ when it is idle in either
 * direction, and gives it up when the broker is silent for too long. One timer, whatever the traffic: times are
 * noted as things happen and compared when it goes off.
 */
export class LinkWatch {
  readonly #clock: Clock;
  readonly #limit: number;
  #keepaliveMs: number;
  readonly #link: WatchedLink;
  #timer: Timer | undefined;
  #timerDue = Infinity;
  #sentAt: number;
  #receivedAt: number;
  /** Since when something is awaited. */
  #waitingSince: number | undefined;
  #requests = 0;
  /** Since when a request is unanswered, or the last one was answered. */
  #requestsSince: number | undefined;
  /** When the PINGREQ that is not answered yet was sent. */
  #pingAt: number | undefined;
  /** Since when nothing is read, because handlers have enough to do. */
  #heldSince: number | undefined;
  /** Before the broker has accepted the connection it must not be pinged. */
  #accepted = false;

  constructor(options: LinkWatchOptions, link: WatchedLink) {
    this.#link = link;
    this.#clock = options.clock;
    this.#limit = options.responseTimeoutMs;
    this.#keepaliveMs = options.keepaliveMs;
    this.#sentAt = this.#clock.monotonic();
    this.#receivedAt = this.#sentAt;
  }

  /** CONNACK has come. @param keepaliveSeconds if the broker wants another one (MQTT 5, 3.2.2.3.14) */
  accepted(keepaliveSeconds?: number): void {
    this.#accepted = true;
    if (keepaliveSeconds !== undefined) this.#keepaliveMs = keepaliveSeconds * 1000;
    this.#update(this.#clock.monotonic());
  }

  /** Bytes went out. */
  sent(): void {
    this.#sentAt = this.#clock.monotonic();
    this.#update(this.#sentAt);
  }

  /** Bytes came in and were taken. */
  received(): void {
    this.#receivedAt = this.#clock.monotonic();
    this.#update(this.#receivedAt);
  }

  /** PINGRESP has come. */
  pong(): void {
    const pingAt = this.#pingAt;
    this.#pingAt = undefined;
    // The broker answers in order, or nearly so: what it has passed over for so long it won't answer any more.
    if (
      pingAt !== undefined &&
      this.#requestsSince !== undefined &&
      pingAt - this.#requestsSince >= this.#limit
    ) {
      this.#link.giveUp("answers PINGREQ but not SUBSCRIBE or UNSUBSCRIBE");
    }
  }

  /** Reading was stopped or goes on: the silence between is not the broker's. Also tells of each message taken. */
  held(held: boolean): void {
    const now = this.#clock.monotonic();
    if (!held) this.#receivedAt = now;
    this.#heldSince = held ? now : undefined;
    this.#update(now);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timerDue = -Infinity;
  }

  #update(now: number): void {
    // The first of all answers is CONNACK.
    const isExpecting = !this.#accepted || this.#link.isExpecting();
    this.#waitingSince = isExpecting ? (this.#waitingSince ?? now) : undefined;
    const requests = this.#link.awaitedRequests();
    if (requests === 0) this.#requestsSince = undefined;
    else if (this.#requestsSince === undefined || requests < this.#requests) this.#requestsSince = now;
    this.#requests = requests;
    this.#arm(Math.min(this.#failDue(), this.#pingDue()));
  }

  /** When the broker has been silent for too long. */
  #failDue(): number {
    if (this.#heldSince !== undefined) {
      return this.#waitingSince === undefined ? Infinity : this.#heldSince + this.#limit;
    }
    const since = Math.min(this.#waitingSince ?? Infinity, this.#pingAt ?? Infinity);
    return Math.max(since, this.#receivedAt) + this.#limit;
  }

  /** When it is time to ask whether the broker is there. */
  #pingDue(): number {
    if (!this.#accepted || this.#pingAt !== undefined) return Infinity;
    const idle = this.#keepaliveMs > 0 ? this.#keepaliveMs : Infinity;
    if (this.#heldSince !== undefined) return this.#sentAt + idle;
    const silence = Math.max(this.#waitingSince ?? Infinity, this.#receivedAt) + this.#limit / 2;
    const requests = (this.#requestsSince ?? Infinity) + this.#limit;
    return Math.min(silence, requests, Math.min(this.#sentAt, this.#receivedAt) + idle);
  }

  #arm(due: number): void {
    // A timer that goes off too early sees that and is set again: cheaper than to move it with each packet.
    if (due >= this.#timerDue) return;
    this.#timer?.cancel();
    this.#timerDue = due;
    this.#timer = this.#clock.setTimer(due - this.#clock.monotonic(), () => this.#check());
  }

  #check(): void {
    this.#timerDue = Infinity;
    const now = this.#clock.monotonic();
    if (now >= this.#failDue()) {
      this.#link.giveUp(
        this.#heldSince === undefined
          ? `was silent for ${this.#limit} ms`
          : `could not be heard for ${this.#limit} ms, since no handler has taken its message: a handler waits for ` +
              "ever, or for an answer that stands behind further messages (see incomingLimit)",
      );
      return;
    }
    if (now >= this.#pingDue()) {
      this.#pingAt = now;
      this.#link.ping();
    }
    this.#update(now);
  }
}
