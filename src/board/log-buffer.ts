/** A line and its place among all. */
interface Entry {
  readonly number: number;
  readonly line: string;
}

/**
 * Lines of a log that wait for the broker, in their order. When there are too many, the oldest of those that are not grave go
 * first, then the oldest of all.
 */
export class LogBuffer {
  /** How many were dropped since this was last set to 0. */
  dropped = 0;
  readonly #most: number;
  // Apart, so that none has to be looked for: a flood of lines must not hold the agent.
  readonly #minor: Entry[] = [];
  readonly #grave: Entry[] = [];
  #number = 0;
  #size = 0;

  /** @param most how many characters may wait */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many lines wait. */
  get length(): number {
    return this.#minor.length + this.#grave.length;
  }

  /** Has a line wait. @param isGrave whether it is dropped only when no other is left */
  push(line: string, isGrave: boolean): void {
    (isGrave ? this.#grave : this.#minor).push({ number: this.#number++, line });
    this.#size += line.length;
    while (this.#size > this.#most) {
      this.#take(this.#minor.length > 0 ? this.#minor : this.#grave);
      this.dropped++;
    }
  }

  /** Takes the oldest. */
  shift(): string | undefined {
    const [[minor], [grave]] = [this.#minor, this.#grave];
    const isMinor = minor && (!grave || minor.number < grave.number);
    return this.#take(isMinor ? this.#minor : this.#grave);
  }

  #take(entries: Entry[]): string | undefined {
    const line = entries.shift()?.line;
    this.#size -= line?.length ?? 0;
    return line;
  }
}
