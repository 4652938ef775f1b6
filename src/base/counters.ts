/**
 * Counts by reason. The reasons come from a fixed set in the code, never from what a peer sent, so that the
 * table is bounded.
 */
export class Counters<Name extends string> {
  readonly #counts = new Map<Name, number>();

  /** Raises one counter, by one unless told otherwise. */
  add(name: Name, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  get(name: Name): number {
    return this.#counts.get(name) ?? 0;
  }

  /** The sum of all. */
  total(): number {
    let sum = 0;
    for (const count of this.#counts.values()) sum += count;
    return sum;
  }

  /** All that are not zero, as a plain object. */
  toJSON(): Partial<Record<Name, number>> {
    return Object.fromEntries([...this.#counts].filter(([, count]) => count !== 0)) as Partial<
      Record<Name, number>
    >;
  }
}
