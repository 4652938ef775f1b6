import { messageOf } from "../base/index.ts";
import type { BrokerLink, QoS } from "./broker-link.ts";
import type { GatewayCounters } from "./counters.ts";
import type { Journal } from "./journal.ts";
import type { Reports } from "./reports.ts";
import type { StoreChange, StoredUplink } from "./store.ts";

/** A message for the broker. */
export interface Outgoing {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Whether it goes out only when it is in the journal: it is not taken again from its sender then. Default `false`. */
  readonly durable?: boolean;
}

/** Who wants to know how far a message has come. Callbacks, since there is one for nearly every frame; they must not throw. */
export interface OutgoingEvents {
  /** The message is in the journal, or with the broker: it is not lost any more. */
  readonly onSafe?: (() => void) | undefined;
  /** The broker has it, or it was given up. */
  readonly onDone?: (() => void) | undefined;
}

const noEvents: OutgoingEvents = {};

type UplinkChange = Extract<StoreChange, { type: "uplink" }>;

/** What the outbox stands on. */
export interface OutboxOptions {
  readonly link: BrokerLink;
  readonly journal: Journal;
  readonly counters: GatewayCounters;
  readonly reports: Reports;
}

/**
 * What the broker must get although the gateway is killed meanwhile. A message is given to the broker's link at once and,
 * unless it is there before it was written, stays in the journal until the broker has it.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  #waiting = 0;
  /** The next message's place in the journal. */
  #sequence = 0;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Messages that wait for the broker. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Publishes what the broker may not have had before a restart. */
  restore(uplinks: readonly StoredUplink[], onDone: () => void): void {
    for (const uplink of uplinks) {
      this.#sequence = uplink.sequence + 1;
      this.#publishKept({ type: "uplink", uplink }, { onDone });
    }
  }

  /** What the broker has not got from now on stays in the journal. */
  close(): void {
    this.#closed = true;
  }

  /** Gives a message to the broker. At QoS 0 that is to hand it over, so that only what cannot be handed over now is written. */
  publish(message: Outgoing, events: OutgoingEvents = noEvents): void {
    const { link, journal } = this.#options;
    const { topic, payload, qos, retain, durable } = message;
    if (qos === 0 && link.connected && !durable) {
      this.#waiting++;
      // The message has what the link needs to know besides: one object less for each frame.
      link.publish(topic, payload, message).then(
        () => this.#handedOver(events),
        (error: unknown) => this.#failed(error, events),
      );
      return;
    }
    const change = {
      type: "uplink",
      uplink: { sequence: this.#sequence++, topic, payload, qos, retain },
    } as const;
    journal.add(change);
    if (durable) {
      journal.whenFlushed(() => {
        events.onSafe?.();
        this.#publishKept(change, { onSafe: undefined, onDone: events.onDone });
      });
      return;
    }
    const { onSafe } = events;
    if (!onSafe) this.#publishKept(change, events);
    else {
      // Whichever comes first: on a full disk the broker may still take it.
      let isSafe = false;
      const once = () => {
        if (!isSafe) onSafe();
        isSafe = true;
      };
      this.#publishKept(change, { onSafe: once, onDone: events.onDone });
      journal.whenFlushed(once);
    }
  }

  #publishKept(change: UplinkChange, events: OutgoingEvents): void {
    const { uplink } = change;
    this.#waiting++;
    this.#options.link.publish(uplink.topic, uplink.payload, uplink).then(
      () => {
        this.#forget(change);
        return this.#handedOver(events);
      },
      (error: unknown) => {
        // At the end it stays in the journal, for the next start.
        if (this.#closed) return;
        this.#failed(error, events);
        this.#forget(change);
      },
    );
  }

  #handedOver({ onDone, onSafe }: OutgoingEvents): void {
    this.#waiting--;
    this.#options.counters.uplinks.add("published");
    onDone?.();
    onSafe?.();
  }

  #failed(error: unknown, { onDone }: OutgoingEvents): void {
    const { counters, reports } = this.#options;
    this.#waiting--;
    counters.uplinks.add("failed");
    reports.trouble("errors", "publish", () => `A message could not be published: ${messageOf(error)}`);
    onDone?.();
  }

  #forget(change: UplinkChange): void {
    const { journal } = this.#options;
    // Many are with the broker before they were written: they need not be.
    if (journal.withdraw(change)) return;
    journal.add({ type: "uplink-done", sequence: change.uplink.sequence });
  }
}
