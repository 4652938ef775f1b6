/**
 * A first-in-first-out queue with a limit, on a ring that grows by need. What happens at the limit is the
 * caller's decision: `push` says no, `pushEvicting` makes room.
 */
export class Ring<T> {
  readonly limit: number;
  #slots: (T | undefined)[] = [];
  #head = 0;
  #size = 0;

  /** @param limit how many items it holds at the most, 1 or more; `Infinity` for a queue bounded elsewhere. */
  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  /** Appends an item; `false`, and nothing changed, when the queue is full. */
  push(item: T): boolean {
    if (this.#size >= this.limit) return false;
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#size) % this.#slots.length] = item;
    this.#size++;
    return true;
  }

  /** Appends an item and returns the oldest one if it had to go for it. */
  pushEvicting(item: T): T | undefined {
    const evicted = this.#size >= this.limit ? this.shift() : undefined;
    this.push(item);
    return evicted;
  }

  /** The oldest item, left where it is. */
  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  /** The item that so many are before, 0 for the oldest; `undefined` if there are no more than that. */
  at(index: number): T | undefined {
    return index < this.#size ? this.#slots[(this.#head + index) % this.#slots.length] : undefined;
  }

  /** Takes the oldest item off. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#slots.length;
    this.#size--;
    return item;
  }

  clear(): void {
    this.#slots = [];
    this.#head = 0;
    this.#size = 0;
  }

  /** The items from oldest to newest; the queue must not be changed meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let index = 0; index < this.#size; index++) {
      yield this.#slots[(this.#head + index) % this.#slots.length] as T;
    }
  }

  #grow(): void {
    const items = [...this];
    this.#slots = items;
    this.#slots.length = Math.min(Math.max(4, items.length * 2), this.limit);
    this.#head = 0;
  }
}
