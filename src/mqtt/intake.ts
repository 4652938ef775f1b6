import type { Dispatch } from "./dispatch.ts";
import type { Delivery } from "./incoming.ts";
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
  readonly #limit: number;
  readonly #dispatch: Dispatch;
  readonly #ties: IntakeTies;
  #held = false;

  constructor(limit: number, dispatch: Dispatch, ties: IntakeTies) {
    this.#limit = limit;
    this.#dispatch = dispatch;
    this.#ties = ties;
  }

  /** A new connection reads until a message comes: the answer that a handler waits for may come before. */
  connect(): void {
    this.#held = false;
  }

  deliver(packet: PublishPacket, delivery: Delivery | undefined): void {
    const { topic, payload, qos, retain, duplicate } = packet;
    this.received++;
    const taken = this.#dispatch.deliver({ topic, payload, qos, retain, duplicate });
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
    if (delivery) this.#ties.settle(delivery);
    // Not at each message: stopping and going on costs.
    if (this.#held) this.#hold(this.unsettled > this.#limit / 2);
  }

  #hold(held: boolean): void {
    this.#held = held;
    this.#ties.hold(held);
  }
}
