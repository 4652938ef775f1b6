import { type Clock, messageOf } from "../base/index.ts";
import type { Handover } from "../mqtt/index.ts";
import type { BrokerLink, QoS } from "./broker-link.ts";
import { Confirmations } from "./confirmations.ts";
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
  /** Whether it goes out only when it is in the journal, as at QoS 2: it is not taken again from its sender then. Default `false`. */
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

/** A message of which it is to be known that it is safe: it must not get lost with the connection. */
interface Promised {
  readonly message: Outgoing;
  /** Who is to be told that it is safe, as long as nobody was. */
  onSafe: (() => void) | undefined;
  /** Its place in the journal, once it has one. */
  change: UplinkChange | undefined;
}

/** Tells it once. */
function tellSafe(promised: Promised): void {
  promised.onSafe?.();
  promised.onSafe = undefined;
}

/** What the outbox stands on. */
export interface OutboxOptions {
  readonly link: BrokerLink;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly counters: GatewayCounters;
  readonly reports: Reports;
}

/**
 * What the broker must get although the gateway is killed meanwhile. A message is given to the broker's link at once and,
 * unless it is there before it was written, stays in the journal until the broker has it. One at QoS 2 goes out from the journal,
 * where its packet id stands with it: so the next life of the gateway goes on with it, and the broker takes it once.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  /** The next message's place in the journal. */
  #sequence = 0;
  #closed = false;
  readonly #confirmations: Confirmations<Promised>;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#confirmations = new Confirmations(options.link, options.clock, {
      onThere: (promised) => {
        for (const one of promised) this.#arrived(one);
      },
      onDoubt: (promised) => this.#keepAll(promised),
      onGone: (promised) => this.#publishAgain(promised),
    });
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

  /**
   * Gives a message to the broker. At QoS 0 that is to hand it over, so that only what cannot be handed over now is written. But of one
   * that its sender is told is safe, it has to be known that the broker has it: until then, or until it is written, nothing is said.
   */
  publish(message: Outgoing, events: OutgoingEvents = noEvents): void {
    const { link, journal } = this.#options;
    const { topic, payload, qos, durable } = message;
    if (qos === 0 && link.connected && !durable) {
      // The message has what the link needs to know besides: one object less for each frame.
      link.publish(topic, payload, message).then(
        () => this.#sent(message, events),
        (error: unknown) => this.#failed(error, events),
      );
      return;
    }
    const change = this.#keep(message);
    if (durable || qos === 2) {
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
      const promised: Promised = { message, onSafe, change };
      const once = () => tellSafe(promised);
      this.#publishKept(change, { onSafe: once, onDone: events.onDone });
      journal.whenFlushed(once);
    }
  }

  /** Gives a message its place in the journal. */
  #keep({ topic, payload, qos, retain }: Outgoing): UplinkChange {
    const uplink = { sequence: this.#sequence++, topic, payload, qos, retain };
    const change = { type: "uplink", uplink } as const;
    this.#options.journal.add(change);
    return change;
  }

  /** The broker has a message at QoS 0. */
  #arrived(promised: Promised): void {
    if (promised.change) this.#forget(promised.change);
    tellSafe(promised);
  }

  /** Writes messages at QoS 0 of which the broker says nothing, so that their senders need not wait for that. */
  #keepAll(promised: readonly Promised[]): void {
    if (this.#closed) return;
    const added = promised.filter(({ change }) => !change);
    for (const one of added) one.change = this.#keep(one.message);
    this.#options.journal.whenFlushed(() => added.forEach(tellSafe));
  }

  /** Perhaps the broker has them, perhaps not. */
  #publishAgain(promised: readonly Promised[]): void {
    this.#keepAll(promised);
    for (const { change } of promised) if (change) this.#publishKept(change, noEvents);
  }

  /** A message at QoS 0 has been handed over. */
  #sent(message: Outgoing, { onDone, onSafe }: OutgoingEvents): void {
    this.#handedOver(onDone);
    if (onSafe) this.#confirmations.add({ message, onSafe, change: undefined });
  }

  #publishKept(change: UplinkChange, events: OutgoingEvents): void {
    const { uplink } = change;
    const { topic, payload, qos, retain } = uplink;
    const options = qos === 2 ? { qos, retain, handover: this.#handoverOf(uplink) } : uplink;
    this.#options.link.publish(topic, payload, options).then(
      () => {
        const { onDone, onSafe } = events;
        if (qos === 0) {
          this.#handedOver(onDone);
          return this.#confirmations.add({ message: uplink, onSafe, change });
        }
        this.#forget(change);
        this.#handedOver(onDone);
        return onSafe?.();
      },
      (error: unknown) => {
        // At the end it stays in the journal, for the next start.
        if (this.#closed) return;
        this.#failed(error, events);
        this.#forget(change);
      },
    );
  }

  /** How far a message at QoS 2 has come stands in its own record: what is journaled of it can never be at odds with it. */
  #handoverOf(uplink: StoredUplink): Handover {
    const { journal, counters, reports } = this.#options;
    let { packetId = 0 } = uplink;
    return {
      packetId,
      released: uplink.released ?? false,
      note: (id, released, safe) => {
        // At the end it stays as it is, for the next start.
        if (this.#closed) return;
        if (packetId > 0 && !released) {
          counters.uplinks.add("republished");
          reports.trouble("status", "session-lost", () => {
            return "The broker has forgotten this gateway's session: what was on its way at QoS 2 is published again, and may come twice";
          });
        }
        packetId = id;
        journal.add({ type: "uplink", uplink: { ...uplink, packetId, released } });
        journal.whenFlushed(safe);
      },
    };
  }

  #handedOver(onDone: (() => void) | undefined): void {
    this.#options.counters.uplinks.add("published");
    onDone?.();
  }

  #failed(error: unknown, { onDone }: OutgoingEvents): void {
    const { counters, reports } = this.#options;
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
