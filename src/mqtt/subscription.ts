import { Ring } from "../base/index.ts";
import type { Message, MessageHandler } from "./message.ts";
import type { QoS } from "../topics/index.ts";

/**
 * A subscription that the broker has granted. Without a handler it is the stream of its messages:
 * `for await (const message of subscription)`. A message counts as taken, and is acknowledged, when the loop comes
 * back for the next one.
 */
export interface Subscription extends AsyncIterable<Message> {
  readonly filter: string;
  /** The QoS that the broker granted. */
  readonly qos: QoS;
  /** Ends it; the broker is told if it was the last one for its filter. Its loops end. */
  unsubscribe(): Promise<void>;
}

/** How many messages at QoS 0 a subscription keeps until a loop begins to read it. */
const keptUnread = 1000;

interface Unread {
  readonly message: Message;
  /** Tells that it has been taken; not there where nobody waits for that. */
  readonly taken: (() => void) | undefined;
}

/** How a {@link ClientSubscription} is tied to its client. */
export interface SubscriptionTies {
  readonly handler: MessageHandler | undefined;
  /** Whether messages are kept until a loop begins. Not where the client gives them to somebody else too. */
  readonly keepUnread: boolean;
  unsubscribe(): Promise<void>;
  /** A message was let go because no loop has begun. */
  onDrop(): void;
}

/** The client's side of a {@link Subscription}. */
export class ClientSubscription implements Subscription {
  readonly filter: string;
  qos: QoS;
  readonly #ties: SubscriptionTies;
  readonly #unread = new Ring<Unread>(Infinity);
  readonly #readers: ((result: Unread | undefined) => void)[] = [];
  /** How many loops read it. */
  #loops = 0;
  #began = false;
  #ended = false;

  constructor(filter: string, qos: QoS, ties: SubscriptionTies) {
    this.filter = filter;
    this.qos = qos;
    this.#ties = ties;
  }

  /** Gives it a message; the promise, if any, resolves when that has been taken. */
  take(message: Message): void | Promise<void> {
    if (this.#ties.handler) return this.#ties.handler(message);
    if (this.#ended) return undefined;
    if (this.#loops > 0) return new Promise((resolve) => this.#push({ message, taken: resolve }));
    if (this.#began || !this.#ties.keepUnread) return undefined;
    // What has to be acknowledged waits for a loop: the broker keeps what does not fit here.
    if (message.qos > 0) return new Promise((resolve) => this.#unread.push({ message, taken: resolve }));
    if (this.#unread.size >= keptUnread) {
      this.#ties.onDrop();
      if (this.#unread.peek()?.taken) return undefined;
      this.#unread.shift();
    }
    this.#unread.push({ message, taken: undefined });
    return undefined;
  }

  unsubscribe(): Promise<void> {
    return this.#ties.unsubscribe();
  }

  /** Nobody wants its messages any more: what is here counts as taken. */
  drop(): void {
    for (const unread of this.#unread) unread.taken?.();
    this.end();
  }

  /** Ends its loops, behind what they have not read yet; what nobody reads then, the broker gives to the session's next client. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader(undefined);
  }

  [Symbol.asyncIterator](): AsyncIterator<Message> {
    this.#loops++;
    this.#began = true;
    let taken: (() => void) | undefined;
    let left = false;
    return {
      next: async () => {
        taken?.();
        taken = undefined;
        const unread = left ? undefined : await this.#next();
        if (!unread) return { done: true, value: undefined };
        taken = unread.taken;
        return { done: false, value: unread.message };
      },
      return: () => {
        taken?.();
        if (!left) this.#leave();
        left = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  #push(unread: Unread): void {
    const reader = this.#readers.shift();
    if (reader) reader(unread);
    else this.#unread.push(unread);
  }

  #next(): Promise<Unread | undefined> {
    const unread = this.#unread.shift();
    if (unread || this.#ended) return Promise.resolve(unread);
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  /** A loop was left: when it was the last, nobody will take what is still here. */
  #leave(): void {
    if (--this.#loops > 0) return;
    for (let unread = this.#unread.shift(); unread; unread = this.#unread.shift()) unread.taken?.();
  }
}
