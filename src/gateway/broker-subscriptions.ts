import type { BrokerLink, LinkSubscription, QoS } from "./broker-link.ts";

/** Begins the name of a setting that says: nobody wants this filter, and the broker has not been told. */
export const leftPrefix = "left ";

/** How many requests wait for the broker's answer at once. */
const atOnce = 32;

interface Entry {
  qos: QoS;
  /** Whether some node wants it. */
  wanted: boolean;
  /** What the link gave for it, when the broker has it. */
  made: LinkSubscription | undefined;
  /** Whether the broker may have it of an earlier life, whose session it keeps. */
  inherited: boolean;
  /** Whether the gateway wants it itself, whatever nodes do. */
  own: boolean;
  /** Whether a request for it is under way. */
  busy: boolean;
}

/** What is told about subscriptions. */
export interface SubscriptionEvents {
  /** The broker has said yes. */
  onMade(filter: string): void;
  onEnded(filter: string): void;
  /** Nobody wants it any more, and the broker does not know that yet: to be remembered until `onEnded`. `false`: somebody does again. */
  onLeft(filter: string, isLeft: boolean): void;
  /** The broker, or the link, has said no. */
  onRefused(filter: string, error: unknown): void;
}

/**
 * Keeps what the broker sends in step with what nodes want. Nobody waits for it: wishes are remembered at once, and made
 * true while the broker is there, one request for a filter at a time.
 */
export class BrokerSubscriptions {
  readonly #link: BrokerLink;
  readonly #events: SubscriptionEvents;
  readonly #entries = new Map<string, Entry>();
  /** Filters about which the broker must be asked. */
  readonly #due = new Set<string>();
  #underWay = 0;
  #closed = false;

  constructor(link: BrokerLink, events: SubscriptionEvents) {
    this.#link = link;
    this.#events = events;
  }

  /** How many filters it knows of. */
  get size(): number {
    return this.#entries.size;
  }

  /** The gateway wants a filter for as long as it runs. */
  wantOwn(filter: string, qos: QoS): void {
    this.want(filter, qos);
    const entry = this.#entries.get(filter);
    if (entry) entry.own = true;
  }

  /**
   * Some node wants a filter: the broker is asked, again if it was before, so that it sends its retained messages. The
   * highest QoS that was asked for holds.
   */
  want(filter: string, qos: QoS): void {
    const entry = this.#entries.get(filter);
    if (entry) {
      entry.qos = entry.wanted ? (Math.max(entry.qos, qos) as QoS) : qos;
      if (!entry.wanted) this.#events.onLeft(filter, false);
      entry.wanted = true;
    } else this.#entries.set(filter, newEntry(qos, true));
    this.#due.add(filter);
    this.resume();
  }

  /** No node wants the filter any more. */
  drop(filter: string): void {
    const entry = this.#entries.get(filter);
    if (!entry || entry.own) return;
    entry.wanted = false;
    if (entry.made || entry.busy || entry.inherited) {
      this.#due.add(filter);
      this.#events.onLeft(filter, true);
    } else this.#forget(filter);
    this.resume();
  }

  /** Takes up what an earlier life may have subscribed to: what is wanted already, and what `onLeft` told of. */
  restore(settings: ReadonlyMap<string, string>): void {
    for (const entry of this.#entries.values()) entry.inherited = true;
    for (const name of settings.keys()) {
      const filter = name.startsWith(leftPrefix) ? name.slice(leftPrefix.length) : "";
      if (filter === "") continue;
      if (this.#entries.has(filter)) this.#events.onLeft(filter, false);
      else {
        this.#entries.set(filter, { ...newEntry(0, false), inherited: true });
        this.#due.add(filter);
      }
    }
  }

  /** The broker has lost a subscription and refuses to make it again: it is asked once more at the next connection. */
  lost(filter: string): void {
    const entry = this.#entries.get(filter);
    if (!entry?.wanted || entry.busy) return;
    entry.made = undefined;
    this.#due.add(filter);
    this.#events.onRefused(filter, new Error("the broker has lost it, and refuses to make it again"));
  }

  /** Asks the broker about what is due, as far as it is there. */
  resume(): void {
    if (this.#closed || !this.#link.connected) return;
    for (const filter of this.#due) {
      if (this.#underWay >= atOnce) return;
      const entry = this.#entries.get(filter);
      if (entry?.busy) continue;
      this.#due.delete(filter);
      if (entry) void this.#ask(filter, entry);
    }
  }

  close(): void {
    this.#closed = true;
    this.#due.clear();
  }

  /** Never rejects. */
  async #ask(filter: string, entry: Entry): Promise<void> {
    entry.busy = true;
    this.#underWay++;
    try {
      if (entry.wanted) await this.#make(filter, entry);
      else await this.#end(filter, entry);
    } catch (error) {
      if (!this.#closed) this.#events.onRefused(filter, error);
    }
    entry.busy = false;
    this.#underWay--;
    if (!entry.wanted && !entry.made) this.#forget(filter);
    this.resume();
  }

  async #make(filter: string, entry: Entry): Promise<void> {
    const before = entry.made;
    entry.made = undefined;
    try {
      entry.made = await this.#link.subscribe(filter, { qos: entry.qos }, ignore);
    } finally {
      // The link adds up subscriptions to one filter: the new one takes the place of the one before.
      await before?.unsubscribe();
    }
    if (!this.#closed) this.#events.onMade(filter);
  }

  async #end(filter: string, entry: Entry): Promise<void> {
    const { made, inherited } = entry;
    entry.made = undefined;
    entry.inherited = false;
    if (made) await made.unsubscribe();
    else if (inherited) await this.#link.unsubscribe?.(filter);
    if (!this.#closed) this.#events.onEnded(filter);
  }

  #forget(filter: string): void {
    this.#entries.delete(filter);
    this.#due.delete(filter);
  }
}

function newEntry(qos: QoS, wanted: boolean): Entry {
  return { qos, wanted, made: undefined, inherited: false, own: false, busy: false };
}

function ignore(): void {}
