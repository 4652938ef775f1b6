import { Deferred } from "./deferred.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Delivery } from "./incoming.ts";
import type { Message } from "./message.ts";
import type { PublishPacket } from "./packets.ts";

/** What an intake does to the link. */
export interface IntakeTies {
  /** The handlers have taken a message that has to be acknowledged. */
  settle(delivery: Delivery): void;
  /** Stop reading, or go on. `true` comes again with each message taken while reading is stopped. */
  hold(held: boolean): void;
}

/** Gives messages to their handlers as they come, and stops reading when too many are with them. */
export class Intake {
  /** Messages given to handlers so far. */
  received = 0;
  /** Messages that are with handlers now. */
  unsettled = 0;
  #limit: number;
  readonly #dispatch: Dispatch;
  readonly #ties: IntakeTies;
  #held = false;
  /** When it takes no more, who waits for the handlers to be done. */
  #stopped: Deferred<void> | undefined;

  constructor(limit: number, dispatch: Dispatch, ties: IntakeTies) {
    this.#limit = limit;
    this.#dispatch = dispatch;
    this.#ties = ties;
  }

  /** A new connection reads until a message comes: the answer that a handler waits for may come before. @param limit
   * how many messages may be with handlers */
  connect(limit: number): void {
    this.#limit = limit;
    this.#held = false;
  }

  /**
   * Takes no more messages: what comes is neither given to handlers nor acknowledged, so that the broker keeps it for
   * the next connection of the session. Resolves when all handlers are done.
   */
  stop(): Promise<void> {
    this.#stopped ??= new Deferred();
    if (this.unsettled === 0) this.#stopped.resolve();
    return this.#stopped.promise;
  }

  deliver(packet: PublishPacket, delivery: Delivery | undefined): void {
    if (this.#stopped) return;
    this.received++;
    const taken = this.#dispatch.deliver(toMessage(packet));
    if (!taken) {
      if (delivery) this.#ties.settle(delivery);
      return;
    }
    this.unsettled++;
    if (this.unsettled >= this.#limit) this.#hold(true);
    void taken.then(() => this.#settle(delivery));
  }

  #settle(delivery: Delivery | undefined): void {
    this.unsettled--;
    if (this.unsettled === 0) this.#stopped?.resolve();
    if (delivery) this.#ties.settle(delivery);
    // Not at each message: stopping and going on costs.
    if (this.#held) this.#hold(this.unsettled > this.#limit / 2);
  }

  #hold(held: boolean): void {
    this.#held = held;
    this.#ties.hold(held);
  }
}

/** A packet as those see it who take messages: its alias means nothing to them. */
function toMessage({ topic, payload, qos, retain, duplicate, properties }: PublishPacket): Message {
  const message = { topic, payload, qos, retain, duplicate };
  if (!properties) return message;
  const { topicAlias: _alias, ...own } = properties;
  return { ...message, properties: own };
}
