import { utf8Length } from "../base/index.ts";
import { digestText } from "./digest.ts";
import { numberOfSequence } from "./native/index.ts";
import { standardPriority } from "./policies.ts";
import type { QueuedMessage, QueueEntry } from "./store.ts";

/** What is kept in memory of a message that waits. */
export function summarizeMessage(message: QueuedMessage): QueueEntry {
  return {
    id: message.id,
    size: sizeOfMessage(message),
    priority: message.priority,
    expiresAt: message.expiresAt ?? Infinity,
    supersededBy: message.latest ? digestText(message.topic) : 0,
  };
}

/** How many bytes a message counts in its node's queue: those of its topic and its payload. */
export function sizeOfMessage(message: { readonly topic: string; readonly payload: Uint8Array }): number {
  return utf8Length(message.topic) + message.payload.length;
}

/** The bounds of one node's queue. */
export interface QueueBounds {
  readonly messages: number;
  readonly bytes: number;
}

/** The numbers of messages that had to go so that another could come. */
export interface Displaced {
  readonly superseded: readonly number[];
  readonly dropped: readonly number[];
}

// Kept as plain numbers in one array, two for each message, number and size: with a hundred thousand nodes, objects would take
// several times the room. What few messages have besides is in a map.
const stride = 2;
const sizeAt = 1;

/** What is not as with most messages. */
type Special = Pick<QueueEntry, "priority" | "expiresAt" | "supersededBy">;

const ordinary: Special = { priority: standardPriority, expiresAt: Infinity, supersededBy: 0 };

function isOrdinary({ priority, expiresAt, supersededBy }: Special): boolean {
  return priority === standardPriority && expiresAt === Infinity && supersededBy === 0;
}

/**
 * What is kept in memory of a node's queue. The messages themselves are in the store. They stand in the order in which they
 * go: the higher priority first, and the older one first among equals.
 */
export class NodeQueue {
  /** The number of the next message. */
  nextId: number;
  /** The sum of the sizes. */
  bytes = 0;
  #numbers: number[] | undefined;
  #specials: Map<number, Special> | undefined;
  /** The number of the first message that came since the start: those before go by the wall clock of then. */
  readonly #firstOwn: number;
  /** Where the first message begins: what stood before it has gone. */
  #start = 0;

  constructor(nextId = 0, waiting: readonly QueueEntry[] = []) {
    this.nextId = nextId;
    this.#firstOwn = nextId;
    for (const entry of waiting) this.#insert(entry);
    // An array that grew has room to spare: most of these queues are only looked at again when their node wakes.
    this.#numbers = this.#numbers?.slice();
  }

  /** How many messages wait. */
  get size(): number {
    return ((this.#numbers?.length ?? 0) - this.#start) / stride;
  }

  /**
   * Takes a message in: in place of older ones on its topic if it is of that kind, and of those least worth keeping while
   * there is no room. `undefined`, and nothing changed, if there can be no room for it.
   */
  admit(entry: QueueEntry, bounds: QueueBounds): Displaced | undefined {
    const superseded = entry.supersededBy === 0 ? [] : this.#onTopic(entry.supersededBy);
    const dropped = this.#chooseDropped(entry, bounds, new Set(superseded));
    if (!dropped) return undefined;
    for (const id of superseded) this.remove(id);
    for (const id of dropped) this.remove(id);
    this.#insert(entry);
    return { superseded, dropped };
  }

  /** Makes the queue what it would be, had each message come under these bounds: they may have been set anew. */
  settle(bounds: QueueBounds): Displaced {
    const superseded: number[] = [];
    const dropped: number[] = [];
    const settled = new NodeQueue(this.nextId);
    for (const entry of this.#entries().toSorted((one, two) => one.id - two.id)) {
      const displaced = settled.admit(entry, bounds);
      superseded.push(...(displaced?.superseded ?? []));
      dropped.push(...(displaced?.dropped ?? [entry.id]));
    }
    this.bytes = settled.bytes;
    this.#numbers = settled.#numbers?.slice();
    this.#specials = settled.#specials;
    this.#start = settled.#start;
    return { superseded, dropped };
  }

  /** The numbers of the first messages, in the order in which they go. */
  first(limit: number): number[] {
    const numbers = this.#numbers ?? [];
    const end = Math.min(numbers.length, this.#start + limit * stride);
    const ids: number[] = [];
    for (let at = this.#start; at < end; at += stride) ids.push(numbers[at] ?? 0);
    return ids;
  }

  /** The message whose number has these lower 16 bits; `undefined` if none waits. */
  idOfNumber(number: number): number | undefined {
    const numbers = this.#numbers ?? [];
    for (let at = this.#start; at < numbers.length; at += stride) {
      const id = numbers[at] ?? 0;
      if (numberOfSequence(id) === number) return id;
    }
    return undefined;
  }

  has(id: number): boolean {
    return this.#indexOf(id) >= 0;
  }

  /** Takes a message off; `false` if it had gone already. */
  remove(id: number): boolean {
    const numbers = this.#numbers;
    const at = this.#indexOf(id);
    if (!numbers || at < 0) return false;
    this.bytes -= numbers[at + sizeAt] ?? 0;
    this.#specials?.delete(id);
    if (at === this.#start) this.#start += stride;
    else numbers.splice(at, stride);
    if (this.#start === numbers.length) {
      this.#numbers = undefined;
      this.#specials = undefined;
      this.#start = 0;
    } else if (this.#start >= 1024 && this.#start > numbers.length / 2) {
      numbers.splice(0, this.#start);
      this.#start = 0;
    }
    return true;
  }

  /** The numbers of those whose time is over. */
  expired(now: number): number[] {
    const ids: number[] = [];
    for (const [id, { expiresAt }] of this.#specials ?? []) if (expiresAt <= now) ids.push(id);
    return ids;
  }

  /** When the first of them expires, in milliseconds since 1970; `Infinity`: none does. */
  firstExpiry(): number {
    let first = Infinity;
    for (const { expiresAt } of this.#specials?.values() ?? []) first = Math.min(first, expiresAt);
    return first;
  }

  /** The wall clock was stepped: moves the end of what came since the start. */
  moveExpiries(byMs: number): void {
    for (const [id, special] of this.#specials ?? []) {
      if (id >= this.#firstOwn) this.#specials?.set(id, { ...special, expiresAt: special.expiresAt + byMs });
    }
  }

  /** When a message expires, in milliseconds since 1970; `Infinity`: never. */
  expiryOf(id: number): number {
    return this.#specials?.get(id)?.expiresAt ?? Infinity;
  }

  /** Those that must go for one more: of the lowest priority first, never above its own, the oldest first among equals. */
  #chooseDropped(entry: QueueEntry, bounds: QueueBounds, leaving: ReadonlySet<number>): number[] | undefined {
    if (entry.size > bounds.bytes) return undefined;
    const numbers = this.#numbers ?? [];
    let messages = this.size - leaving.size + 1;
    let bytes = this.bytes + entry.size;
    for (const id of leaving) bytes -= numbers[this.#indexOf(id) + sizeAt] ?? 0;
    const dropped: number[] = [];
    const isOver = () => messages > bounds.messages || bytes > bounds.bytes;
    // They stand by priority: each run of equals from the last one backwards, and its oldest first.
    let end = numbers.length;
    while (isOver() && end > this.#start) {
      const priority = this.#priorityAt(end - stride);
      if (priority > entry.priority) return undefined;
      let begin = end;
      while (begin > this.#start && this.#priorityAt(begin - stride) === priority) begin -= stride;
      for (let at = begin; at < end && isOver(); at += stride) {
        const id = numbers[at] ?? 0;
        if (leaving.has(id)) continue;
        dropped.push(id);
        messages--;
        bytes -= numbers[at + sizeAt] ?? 0;
      }
      end = begin;
    }
    return isOver() ? undefined : dropped;
  }

  #entries(): QueueEntry[] {
    const numbers = this.#numbers ?? [];
    const entries: QueueEntry[] = [];
    for (let at = this.#start; at < numbers.length; at += stride) {
      const id = numbers[at] ?? 0;
      const { priority, expiresAt, supersededBy } = this.#specials?.get(id) ?? ordinary;
      entries.push({ id, size: numbers[at + sizeAt] ?? 0, priority, expiresAt, supersededBy });
    }
    return entries;
  }

  #insert({ id, size, priority, expiresAt, supersededBy }: QueueEntry): void {
    const numbers = (this.#numbers ??= []);
    let at = numbers.length;
    while (at > this.#start && this.#priorityAt(at - stride) < priority) at -= stride;
    if (at === numbers.length) numbers.push(id, size);
    else numbers.splice(at, 0, id, size);
    const special = { priority, expiresAt, supersededBy };
    if (!isOrdinary(special)) (this.#specials ??= new Map<number, Special>()).set(id, special);
    this.bytes += size;
    this.nextId = Math.max(this.nextId, id + 1);
  }

  #onTopic(digest: number): number[] {
    const ids: number[] = [];
    for (const [id, { supersededBy }] of this.#specials ?? []) if (supersededBy === digest) ids.push(id);
    return ids;
  }

  #priorityAt(at: number): number {
    return this.#specials?.get(this.#numbers?.[at] ?? -1)?.priority ?? standardPriority;
  }

  #indexOf(id: number): number {
    const numbers = this.#numbers ?? [];
    for (let at = this.#start; at < numbers.length; at += stride) if (numbers[at] === id) return at;
    return -1;
  }
}
