import { FilterTrie } from "../topics/index.ts";
import type { Message, MessageHandler } from "./message.ts";
import type { StatusFeed } from "./status.ts";
import type { ClientSubscription } from "./subscription.ts";

/** How many topics' receivers are remembered. */
const rememberedTopics = 256;

/** Finds who takes a message, and gives it to them. */
export class Dispatch {
  /** Times that a handler threw or rejected. */
  failures = 0;
  #subscriptions: FilterTrie<ClientSubscription> | undefined;
  #all: Set<ClientSubscription> | undefined;
  /** The receivers of topics seen lately; finding them anew costs more than all the rest. */
  #receivers: Map<string, readonly ClientSubscription[]> | undefined;
  readonly #onMessage: MessageHandler | undefined;
  readonly #statuses: StatusFeed;

  constructor(onMessage: MessageHandler | undefined, statuses: StatusFeed) {
    this.#onMessage = onMessage;
    this.#statuses = statuses;
  }

  add(subscription: ClientSubscription): void {
    this.#subscriptions ??= new FilterTrie();
    this.#subscriptions.add(withoutShare(subscription.filter), subscription);
    (this.#all ??= new Set()).add(subscription);
    this.#receivers = undefined;
  }

  delete(subscription: ClientSubscription): void {
    this.#subscriptions?.delete(withoutShare(subscription.filter), subscription);
    this.#all?.delete(subscription);
    this.#receivers = undefined;
    subscription.drop();
  }

  /** Ends all subscriptions' loops; no message comes any more. */
  end(): void {
    this.#all?.forEach((subscription) => subscription.end());
  }

  /** Whether somebody takes messages to this topic. */
  isWanted(topic: string): boolean {
    return this.#onMessage !== undefined || this.#receiversOf(topic).length > 0;
  }

  /** The subscriptions with exactly this filter. */
  withFilter(filter: string): ClientSubscription[] {
    const same = [...(this.#subscriptions?.valuesOf(withoutShare(filter)) ?? [])];
    return same.filter((subscription) => subscription.filter === filter);
  }

  /** Gives a message to all who want it; the promise, if any, resolves when all have taken it. It never rejects. */
  deliver(message: Message): Promise<unknown> | undefined {
    let waiting: Promise<void>[] | undefined;
    const give = (taken: void | Promise<void>) => {
      if (taken === undefined || typeof taken.then !== "function") return;
      (waiting ??= []).push(taken.then(undefined, (error) => this.#fail(message, error)));
    };
    try {
      give(this.#onMessage?.(message));
    } catch (error) {
      this.#fail(message, error);
    }
    for (const subscription of this.#receiversOf(message.topic)) {
      try {
        give(subscription.take(message));
      } catch (error) {
        this.#fail(message, error);
      }
    }
    return waiting && Promise.all(waiting);
  }

  #fail({ topic }: Message, error: unknown): void {
    this.failures++;
    this.#statuses.push({ type: "handler-failed", topic, error });
  }

  #receiversOf(topic: string): readonly ClientSubscription[] {
    const known = this.#receivers?.get(topic);
    if (known) return known;
    if (!this.#receivers || this.#receivers.size >= rememberedTopics) this.#receivers = new Map();
    const receivers = [...(this.#subscriptions?.match(topic) ?? [])];
    this.#receivers.set(topic, receivers);
    return receivers;
  }
}

/** What a shared subscription is to, `$share/group/filter` (MQTT 5, 4.8.2). */
function withoutShare(filter: string): string {
  return filter.replace(/^\$share\/[^/]+\//, "");
}
