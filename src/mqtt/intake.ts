import type { Clock, Timer } from "../base/index.ts";
import { Deferred } from "./deferred.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Delivery } from "./incoming.ts";
import type { Message } from "./message.ts";
import type { PublishPacket } from "./packets.ts";

/** How long messages of a kept session wait, from the first of them, for somebody who takes them, in milliseconds. */
const claimMs = 10_000;

/** What an intake does to the link. */
export interface IntakeTies {
  /** The handlers have taken a message that has to be acknowledged. */
  settle(delivery: Delivery): void;
  /** A message was longer than what is taken, so many bytes. */
  tooLong(topic: string, bytes: number): void;
  /** Stop reading, or go on. `true` comes again with each message taken while reading is stopped. */
  hold(held: boolean): void;
}

interface Unclaimed {
  readonly packet: PublishPacket;
  readonly delivery: Delivery;
}

/** Gives messages to their handlers as they come, and stops reading when too many are with them. */
export class Intake {
  /** Messages received so far. */
  received = 0;
  /** Messages that are with handlers now, or wait for one. */
  unsettled = 0;
  /** Messages of a kept session that nobody took in time. */
  unclaimed = 0;
  #limit: number;
  readonly #clock: Clock;
  readonly #dispatch: Dispatch;
  readonly #ties: IntakeTies;
  #held = false;
  /** When it takes no more, who waits for the handlers to be done. */
  #stopped: Deferred<void> | undefined;
  /** Whether a session goes on whose messages may come before their subscription is made here; not for ever. */
  #waits: boolean | undefined;
  #waiting: Unclaimed[] | undefined;
  #timer: Timer | undefined;

  constructor(limit: number, clock: Clock, dispatch: Dispatch, ties: IntakeTies) {
    this.#limit = limit;
    this.#clock = clock;
    this.#dispatch = dispatch;
    this.#ties = ties;
  }

  /**
   * A new connection reads until a message comes: the answer that a handler waits for may come before.
   *
   * @param limit how many messages may be with handlers
   * @param sessionPresent whether the broker has kept the session
   */
  connect(limit: number, sessionPresent: boolean): void {
    this.#limit = limit;
    this.#held = false;
    if (sessionPresent) this.#waits ??= true;
    // At QoS 1 what waits comes again.
    this.#take(({ delivery }) => delivery.qos === 1);
  }

  /**
   * Takes no more messages: what comes is neither given to handlers nor acknowledged, so that the broker keeps it for
   * the next connection of the session. Resolves when all handlers are done.
   */
  stop(): Promise<void> {
    this.#stopped ??= new Deferred();
    this.#take(() => true);
    if (this.unsettled === 0) this.#stopped.resolve();
    return this.#stopped.promise;
  }

  deliver(packet: PublishPacket, delivery: Delivery | undefined): void {
    if (this.#stopped) return;
    this.received++;
    if (packet.leftOut) {
      this.#ties.tooLong(packet.topic, packet.leftOut);
      if (delivery) this.#ties.settle(delivery);
    } else if (delivery && this.#waits && !this.#dispatch.isWanted(packet.topic)) {
      (this.#waiting ??= []).push({ packet, delivery });
      this.#timer ??= this.#clock.setTimer(claimMs, () => this.#giveUp());
      this.#add();
    } else this.#give(packet, delivery);
  }

  /** Somebody has subscribed: what has waited for that is theirs. */
  claim(): void {
    if (!this.#waiting) return;
    for (const { packet, delivery } of this.#take(({ packet: { topic } }) =>
      this.#dispatch.isWanted(topic),
    )) {
      this.#give(packet, delivery);
    }
    this.#goOn();
  }

  /** The client is closed. */
  end(): void {
    this.#timer?.cancel();
  }

  #give(packet: PublishPacket, delivery: Delivery | undefined): void {
    const taken = this.#dispatch.deliver(toMessage(packet));
    if (!taken) {
      if (delivery) this.#ties.settle(delivery);
      return;
    }
    this.#add();
    void taken.then(() => this.#settle(delivery));
  }

  #add(): void {
    this.unsettled++;
    if (this.unsettled >= this.#limit) this.#hold(true);
  }

  #settle(delivery: Delivery | undefined): void {
    this.unsettled--;
    if (this.unsettled === 0) this.#stopped?.resolve();
    if (delivery) this.#ties.settle(delivery);
    this.#goOn();
  }

  /** Takes those out of what waits. */
  #take(which: (unclaimed: Unclaimed) => boolean): Unclaimed[] {
    const taken = this.#waiting?.filter((one) => which(one)) ?? [];
    if (taken.length > 0) this.#waiting = this.#waiting?.filter((one) => !taken.includes(one));
    this.unsettled -= taken.length;
    return taken;
  }

  /** Nobody has come: what waits for a subscription that is no more must not hold up the others. */
  #giveUp(): void {
    this.#waits = false;
    const waiting = this.#take(() => true);
    this.unclaimed += waiting.length;
    for (const { delivery } of waiting) this.#ties.settle(delivery);
    this.#goOn();
  }

  /** Not at each message: stopping and going on costs. */
  #goOn(): void {
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
