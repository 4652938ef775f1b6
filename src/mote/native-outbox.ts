import { fromHex, toHex } from "../base/index.ts";
import {
  cutParts,
  encodeItem,
  hasPart,
  type ItemRefusal,
  type NativeMessage,
  type NativeTopic,
  type NumberedItem,
} from "../wire/index.ts";
import type { NodeSession } from "./native-session.ts";
import type { OutboxEntry, OutgoingItem, OutgoingMessage } from "./native-state.ts";

/** What became of one item. */
export type ItemFate = "stored" | "dropped" | ItemRefusal;

/** An item that waits to be settled. */
interface Pending {
  readonly item: OutgoingItem;
  number: number | undefined;
  readonly onSettled: ((fate: ItemFate) => void) | undefined;
}

/** The items of one uplink. */
export interface OutgoingItems {
  readonly firstNumber: number;
  readonly items: readonly Uint8Array[];
  /** The topics that are named in it. */
  readonly topics: readonly NativeTopic[];
  /** Whether the uplink says nothing else. */
  readonly alone: boolean;
}

/** What a part takes besides its bytes: kind, index, count, and at the most five bytes of age and two of length. */
const partOverhead = 10;
/** How many parts go until the gateway is asked which came. */
const partsInARow = 6;

/** What a node has to say: in order, each with its number, until the gateway has settled it. */
export class Outbox {
  /** How many readings had to go because too many waited. */
  dropped = 0;
  readonly #limit: number;
  #entries: Pending[] = [];
  #nextNumber: number | undefined;
  /** Which parts of its first item the gateway has. */
  #have: Uint8Array = new Uint8Array();

  constructor(limit: number, nextNumber: number | undefined, entries: readonly OutboxEntry[] = []) {
    this.#limit = limit;
    this.#nextNumber = nextNumber;
    for (const { item, number } of entries) this.#entries.push({ item, number, onSettled: undefined });
  }

  /** How many items wait. */
  get size(): number {
    return this.#entries.length;
  }

  /** Which parts the gateway has, in hexadecimal. */
  get have(): string {
    return toHex(this.#have);
  }

  get nextNumber(): number | undefined {
    return this.#nextNumber;
  }

  /** Adds an item; if too many wait, the oldest reading goes, or whatever is oldest. */
  add(item: OutgoingItem, onSettled?: (fate: ItemFate) => void): void {
    if (this.#entries.length >= this.#limit) {
      const oldest = Math.max(
        0,
        this.#entries.findIndex(({ item: { type } }) => type === "publish"),
      );
      const [gone] = this.#entries.splice(oldest, 1);
      // What the gateway has of a long one says nothing of the next.
      if (oldest === 0) this.#have = new Uint8Array();
      this.dropped++;
      gone?.onSettled?.("dropped");
    }
    this.#entries.push({ item, number: undefined, onSettled });
  }

  /** Learns from a welcome which number is next; a node that knows better keeps to that. */
  learnNextNumber(next: number): void {
    const own = this.#nextNumber;
    if (own === undefined || ((next - own) & 0xffff) < 0x8000) this.#nextNumber = next;
  }

  /**
   * The items that go next: as many as fit into one uplink, or a row of parts, an uplink each.
   *
   * @param room what one uplink has room for
   * @param partRoom what one has room for that says nothing else; always the same, as parts are
   */
  encode(session: NodeSession, now: number, room: number, partRoom: number): OutgoingItems[] {
    const items: Uint8Array[] = [];
    const topics: NativeTopic[] = [];
    let used = 0;
    let firstNumber: number | undefined;
    for (const entry of this.#entries) {
      const number = entry.number ?? this.#nextNumber ?? 0;
      firstNumber ??= number;
      // Numbers in a frame follow each other: behind a gap another begins.
      if (number !== ((firstNumber + items.length) & 0xffff)) break;
      const { item, topic } = toNumberedItem(entry.item, (name) => session.shorten(name), now);
      const bytes = encodeItem(item);
      if (used + bytes.length > room) {
        if (bytes.length > partRoom && items.length === 0) return this.#encodeParts(entry, now, partRoom);
        break;
      }
      this.#number(entry);
      items.push(bytes);
      if (topic) topics.push(topic);
      used += bytes.length;
    }
    return firstNumber === undefined ? [] : [{ firstNumber, items, topics, alone: false }];
  }

  /** Learns that the gateway has forgotten what was only begun. */
  startOver(): void {
    this.#have = new Uint8Array();
  }

  /** Learns which parts of a long item the gateway has. */
  noteHave(number: number, bits: Uint8Array): void {
    if (this.#entries[0]?.number === number) this.#have = bits;
  }

  /** Takes off what is settled: all before this number. */
  settle(next: number, refused: ReadonlyMap<number, ItemRefusal>): void {
    for (let entry = this.#entries[0]; entry?.number !== undefined; entry = this.#entries[0]) {
      if (((entry.number - next) & 0xffff) < 0x8000) break;
      this.#entries.shift();
      this.#have = new Uint8Array();
      entry.onSettled?.(refused.get(entry.number) ?? "stored");
    }
  }

  /** What is remembered while the node sleeps. */
  toState(): OutboxEntry[] {
    return this.#entries.map(({ item, number }) => ({ item, number }));
  }

  #encodeParts(entry: Pending, now: number, room: number): OutgoingItems[] {
    const { item } = toNumberedItem(entry.item, byName, now);
    const ageSeconds = item.type === "publish" ? item.ageSeconds : undefined;
    // Always the same bytes, whatever was agreed on and however long it takes.
    const whole = encodeItem(item.type === "publish" ? { ...item, ageSeconds: undefined } : item);
    const parts = cutParts(whole, room - partOverhead);
    if (!parts) {
      // It can never go, so that it must not hold up the others.
      this.#entries.shift();
      entry.onSettled?.("too-long");
      return [];
    }
    this.#number(entry);
    const missing = [...parts.entries()].filter(([index]) => !hasPart(this.#have, index));
    return missing.slice(0, partsInARow).map(([index, part]) => ({
      firstNumber: entry.number ?? 0,
      items: [encodeItem({ type: "part", index, count: parts.length, ageSeconds, bytes: part })],
      topics: [],
      alone: true,
    }));
  }

  #number(entry: Pending): void {
    if (entry.number !== undefined) return;
    entry.number = this.#nextNumber ?? 0;
    this.#nextNumber = (entry.number + 1) & 0xffff;
  }
}

function toNumberedItem(
  item: OutgoingItem,
  shorten: (name: string) => NativeTopic,
  now: number,
): { readonly item: NumberedItem; readonly topic?: NativeTopic } {
  switch (item.type) {
    case "publish": {
      const ageSeconds = Math.max(0, Math.round((now - item.takenAt) / 1000)) || undefined;
      const message = toMessage(item, shorten);
      return { item: { type: "publish", ageSeconds, ...message }, topic: message.topic };
    }
    case "subscribe":
    case "unsubscribe": {
      const topic = shorten(item.filter);
      if (item.type === "unsubscribe") return { item: { type: "unsubscribe", topic }, topic };
      return { item: { type: "subscribe", topic, qos: item.qos }, topic };
    }
    case "will": {
      if (!item.will) return { item: { type: "will", will: undefined } };
      const will = toMessage(item.will, shorten);
      return { item: { type: "will", will }, topic: will.topic };
    }
    default:
      return { item };
  }
}

function toMessage(
  { topic, payload, retain, qos }: OutgoingMessage,
  shorten: (name: string) => NativeTopic,
): NativeMessage {
  return { topic: shorten(topic), payload: fromHex(payload) ?? new Uint8Array(), retain, qos };
}

/** A topic that means the same in every session. */
function byName(name: string): NativeTopic {
  return { name, alias: undefined };
}
