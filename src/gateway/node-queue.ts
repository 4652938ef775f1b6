import { Ring, utf8Length } from "../base/index.ts";

/** How many bytes a message counts in its node's queue: those of its topic and its payload. */
export function sizeOfMessage(message: { readonly topic: string; readonly payload: Uint8Array }): number {
  return utf8Length(message.topic) + message.payload.length;
}

/** Where a message got its place, and how many older ones had to go for it. */
export interface Admission {
  readonly sequence: number;
  readonly evicted: number;
}

/**
 * What is kept in memory of a node's queue: how many messages wait, and how long each is. The messages themselves are
 * in the store, under sequence numbers that rise one by one.
 */
export class NodeQueue {
  /** The sequence number of the oldest message that waits, or else of the next that will. */
  firstSequence: number;
  /** The sum of the sizes. */
  bytes = 0;
  #sizes: Ring<number> | undefined;

  constructor(firstSequence = 0, sizes: readonly number[] = []) {
    this.firstSequence = firstSequence;
    for (const size of sizes) this.#append(size);
  }

  /** How many messages wait. */
  get size(): number {
    return this.#sizes?.size ?? 0;
  }

  /** Makes room for a message by letting the oldest go; `undefined`, and nothing changed, if it can never fit. */
  admit(size: number, maximumMessages: number, maximumBytes: number): Admission | undefined {
    if (size > maximumBytes) return undefined;
    let evicted = 0;
    while (this.size >= maximumMessages || this.bytes + size > maximumBytes) {
      this.#shift();
      evicted++;
    }
    this.#append(size);
    return { sequence: this.firstSequence + this.size - 1, evicted };
  }

  /** Takes the oldest message off if it is the one of this sequence number; `false` if it had gone already. */
  remove(sequence: number): boolean {
    if (this.size === 0 || sequence !== this.firstSequence) return false;
    this.#shift();
    return true;
  }

  /** Takes all off; returns how many there were. */
  clear(): number {
    const count = this.size;
    this.firstSequence += count;
    this.bytes = 0;
    this.#sizes = undefined;
    return count;
  }

  #append(size: number): void {
    this.#sizes ??= new Ring(Infinity);
    this.#sizes.push(size);
    this.bytes += size;
  }

  #shift(): void {
    this.bytes -= this.#sizes?.shift() ?? 0;
    this.firstSequence++;
  }
}
