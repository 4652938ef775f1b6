import { type Clock, sleep, type Timer } from "../base/index.ts";
import type { BrokerLink } from "./broker-link.ts";

/** How long a sender may wait for the broker's word before the journal's is got in its place, in milliseconds. */
const patienceMs = 50;
/** How long messages gather behind an answer, in milliseconds, if more have come meanwhile. */
const gatherMs = 1;

/** What a confirmation tells of messages that were handed over. */
export interface ConfirmationEvents<Message> {
  /** The broker has them. */
  readonly onThere: (messages: readonly Message[]) => void;
  /** The broker has been silent for a while; what becomes of them is told later. May come again for the same ones. */
  readonly onDoubt: (messages: readonly Message[]) => void;
  /** The connection has ended: nobody knows whether the broker has them. */
  readonly onGone: (messages: readonly Message[]) => void;
}

/**
 * Finds out whether the broker has what was handed to the connection at QoS 0, which it does not acknowledge: it takes packets in
 * their order, so that its answer to a PINGREQ speaks for all that went before. One is under way at a time, for all that
 * were handed over until it went.
 */
export class Confirmations<Message> {
  readonly #link: BrokerLink;
  readonly #clock: Clock;
  readonly #events: ConfirmationEvents<Message>;
  /** Handed over, and not asked about yet. */
  #next: Message[] = [];
  #isAsking = false;
  /** Whether the broker has been silent for too long. */
  #isDoubtful = false;

  constructor(link: BrokerLink, clock: Clock, events: ConfirmationEvents<Message>) {
    this.#link = link;
    this.#clock = clock;
    this.#events = events;
  }

  /** A message has been handed over. */
  add(message: Message): void {
    this.#next.push(message);
    if (this.#isDoubtful) this.#events.onDoubt([message]);
    if (!this.#isAsking) void this.#ask();
  }

  /** Asks until nothing is left to be asked about. Never rejects. */
  async #ask(): Promise<void> {
    this.#isAsking = true;
    while (this.#next.length > 0) {
      // All that is handed over in this turn.
      await endOfTurn;
      const messages = this.#next;
      this.#next = [];
      const timer: Timer = this.#clock.setTimer(patienceMs, () => {
        this.#isDoubtful = true;
        this.#events.onDoubt([...messages, ...this.#next]);
      });
      const isThere = await this.#link.ping().then(
        () => true,
        () => false,
      );
      timer.cancel();
      this.#isDoubtful = false;
      if (isThere) this.#events.onThere(messages);
      else this.#events.onGone(messages);
      // Who comes alone is answered at once. Where many come, asking for each few would cost more than the messages.
      if (this.#next.length > 0) await sleep(this.#clock, gatherMs);
    }
    this.#isAsking = false;
  }
}

const endOfTurn = Promise.resolve();
