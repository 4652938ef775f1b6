import type { Clock, Timer } from "../base/index.ts";

/** How often everything is looked through at most, in milliseconds. */
const leastIntervalMs = 1000;
/** The longest time that a timer is set for, in milliseconds: a wall clock may be stepped meanwhile. */
const longestWaitMs = 3_600_000;

/** Sees that many things are looked through when the first of them is due: one timer for all of them. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #now: () => number;
  readonly #sweep: () => number;
  #timer: Timer | undefined;
  /** When the timer is due, by `now`. */
  #due = Infinity;

  /**
   * @param now the clock that the deadlines are of, in milliseconds
   * @param sweep looks through everything; gives when the next is due, `Infinity` if nothing is
   */
  constructor(clock: Clock, now: () => number, sweep: () => number) {
    this.#clock = clock;
    this.#now = now;
    this.#sweep = sweep;
  }

  /** Something is due then, by `now`. */
  note(due: number): void {
    if (due >= this.#due) return;
    this.#timer?.cancel();
    this.#due = due;
    const waitMs = Math.min(Math.max(due - this.#now(), leastIntervalMs), longestWaitMs);
    this.#timer = this.#clock.setTimer(waitMs, () => {
      this.#due = Infinity;
      this.note(this.#sweep());
    });
  }

  /** What is due is due so much later, by `now`: that clock was stepped. */
  move(byMs: number): void {
    this.#due += byMs;
  }

  close(): void {
    this.#timer?.cancel();
    this.#due = -Infinity;
  }
}
