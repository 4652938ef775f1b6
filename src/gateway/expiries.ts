import type { Clock, Timer } from "../base/index.ts";

/** How often all queues are looked through at most, in milliseconds. */
const leastIntervalMs = 1000;
/** The longest time that a timer is set for, in milliseconds: the wall clock may be stepped meanwhile. */
const longestWaitMs = 3_600_000;

/** Sees that what waits is looked through when the first of it expires. */
export class Expiries {
  readonly #clock: Clock;
  readonly #sweep: () => number;
  #timer: Timer | undefined;
  /** When the timer is due, in milliseconds since 1970. */
  #due = Infinity;

  /** @param sweep looks through everything; gives when the next expires, `Infinity` if nothing does */
  constructor(clock: Clock, sweep: () => number) {
    this.#clock = clock;
    this.#sweep = sweep;
  }

  /** Something expires then, in milliseconds since 1970. */
  note(expiresAt: number): void {
    if (expiresAt >= this.#due) return;
    this.#timer?.cancel();
    this.#due = expiresAt;
    const waitMs = Math.min(Math.max(expiresAt - this.#clock.now(), leastIntervalMs), longestWaitMs);
    this.#timer = this.#clock.setTimer(waitMs, () => {
      this.#due = Infinity;
      this.note(this.#sweep());
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#due = -Infinity;
  }
}
