/**
 * Counts by reason. The reasons come from a fixed set in the code, never from what a peer sent, so that the
 * table is bounded.
 */
export class Counters<Name extends string> {
  // One look-up a call, not two: some are raised for every message.
  readonly #counts = new Map<Name, { count: number }>();

  /** Raises one counter, by one unless told otherwise. */
  add(name: Name, by = 1): void {
    const known = this.#counts.get(name);
    if (known) known.count += by;
    else this.#counts.set(name, { count: by });
  }

  get(name: Name): number {
    return this.#counts.get(name)?.count ?? 0;
  }

  /** The sum of all. */
  total(): number {
    let sum = 0;
    for (const { count } of this.#counts.values()) sum += count;
    return sum;
  }

  /** All that are not zero, as a plain object. */
  toJSON(): Partial<Record<Name, number>> {
    const raised = [...this.#counts].filter(([, { count }]) => count !== 0);
    return Object.fromEntries(raised.map(([name, { count }]) => [name, count])) as Partial<
      Record<Name, number>
    >;
  }
}
