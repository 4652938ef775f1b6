import type { Clock, Timer } from "../base/index.ts";
import { FilterTrie } from "../topics/index.ts";
import { digestBytes, digestText } from "./digest.ts";
import type { GatewayNode } from "./node.ts";

/** How long after the broker's yes to a subscription its retained messages may come, in milliseconds. */
const windowMs = 10_000;

interface Waiter {
  readonly node: GatewayNode;
  readonly filter: string;
  /** When the wait ends, by the monotonic clock: not before the broker has said yes. */
  until: number;
  /** The digests of the topics of which it got the retained message, if it got any. */
  got: Set<number> | undefined;
}

/** What is told of it. */
export interface RetainedEvents {
  /** What is remembered of a topic from now on, by digests; `undefined` for nothing. */
  readonly onChange?: (topic: number, message: number | undefined) => void;
  /** A topic was forgotten for another. */
  readonly onFull?: () => void;
}

/**
 * Who gets a retained message. The broker sends them for every SUBSCRIBE of the gateway, be it for one node that is new
 * to a topic or for all after a reconnection. So a node that has just subscribed waits for them, and all others get one
 * only if it is not what was last seen on that topic.
 */
export class RetainedMessages {
  /** The digest of the last message by the digest of its topic; the topic longest quiet is forgotten first. */
  readonly #last = new Map<number, number>();
  readonly #waiters = new FilterTrie<Waiter>();
  readonly #byKey = new Map<string, Waiter>();
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #events: RetainedEvents;
  #sweep: Timer | undefined;

  /**
   * @param limit how many topics are remembered
   */
  constructor(clock: Clock, limit: number, events: RetainedEvents = {}) {
    this.#clock = clock;
    this.#limit = limit;
    this.#events = events;
  }

  /** Remembers what was remembered before a restart, as far as it fits. */
  restore(topics: readonly (readonly [topic: number, message: number])[]): void {
    for (const [topic, message] of topics) this.#remember(topic, message);
  }

  /** How many subscriptions wait for retained messages. */
  get waiting(): number {
    return this.#byKey.size;
  }

  /** A node has subscribed to what it had not before: retained messages are for it until the wait ends. */
  wait(filter: string, node: GatewayNode): void {
    const key = `${node.address} ${filter}`;
    if (this.#byKey.has(key)) return;
    const waiter: Waiter = { node, filter, until: Infinity, got: undefined };
    this.#byKey.set(key, waiter);
    this.#waiters.add(filter, waiter);
  }

  /** The broker has answered a subscription: its retained messages come now, or there are none. */
  answered(filter: string): void {
    const until = this.#clock.monotonic() + windowMs;
    for (const waiter of this.#waiters.valuesOf(filter)) waiter.until = Math.min(waiter.until, until);
    this.#sweep ??= this.#clock.setTimer(windowMs, () => this.#endWaits());
  }

  /** A node waits no longer. */
  forget(filter: string, node: GatewayNode): void {
    const waiter = this.#byKey.get(`${node.address} ${filter}`);
    if (waiter) this.#remove(waiter);
  }

  /** Notes a message that the broker has just got. */
  note(topic: string, payload: Uint8Array): void {
    this.#remember(digestText(topic), digestBytes(payload));
  }

  /** Who of the subscribers gets a retained message. */
  recipients(
    topic: string,
    payload: Uint8Array,
    subscribers: Iterable<GatewayNode>,
  ): ReadonlySet<GatewayNode> {
    const topicDigest = digestText(topic);
    const changed = this.#remember(topicDigest, digestBytes(payload));
    const recipients = new Set(changed ? subscribers : []);
    const waiters = [...this.#waiters.match(topic)];
    // A node that waits by several filters gets it once.
    const served = new Set(waiters.filter(({ got }) => got?.has(topicDigest)).map(({ node }) => node));
    for (const waiter of waiters) {
      waiter.got ??= new Set();
      if (waiter.got.size < this.#limit) waiter.got.add(topicDigest);
      if (!served.has(waiter.node)) recipients.add(waiter.node);
    }
    return recipients;
  }

  close(): void {
    this.#sweep?.cancel();
    this.#sweep = undefined;
  }

  /** Whether it differs from what was remembered. */
  #remember(topic: number, payload: number): boolean {
    const before = this.#last.get(topic);
    this.#last.delete(topic);
    this.#last.set(topic, payload);
    if (before !== payload) this.#events.onChange?.(topic, payload);
    if (this.#last.size > this.#limit) {
      const [oldest] = this.#last.keys();
      if (oldest !== undefined) {
        this.#last.delete(oldest);
        this.#events.onChange?.(oldest, undefined);
        this.#events.onFull?.();
      }
    }
    return before !== payload;
  }

  #endWaits(): void {
    this.#sweep = undefined;
    const now = this.#clock.monotonic();
    let later = false;
    for (const waiter of this.#byKey.values()) {
      if (waiter.until <= now) this.#remove(waiter);
      else if (waiter.until < Infinity) later = true;
    }
    if (later) this.#sweep = this.#clock.setTimer(windowMs, () => this.#endWaits());
  }

  #remove(waiter: Waiter): void {
    this.#byKey.delete(`${waiter.node.address} ${waiter.filter}`);
    this.#waiters.delete(waiter.filter, waiter);
  }
}
