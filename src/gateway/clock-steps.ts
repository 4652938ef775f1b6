import type { Clock } from "../base/index.ts";

/** By less than this, in milliseconds, the wall clock is led, not stepped. */
const leastStepMs = 5000;

/**
 * Notices that the wall clock was stepped, as that of a board without a battery is soon after each start: a time that was set
 * before the step, so many seconds from then, is to be moved with it.
 */
export class ClockSteps {
  readonly #clock: Clock;
  #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.now() - clock.monotonic();
  }

  /** By how much it was stepped since this was asked last, in milliseconds, negative for backwards; 0: it was not. */
  take(): number {
    const offsetMs = this.#clock.now() - this.#clock.monotonic();
    const stepMs = offsetMs - this.#offsetMs;
    if (Math.abs(stepMs) < leastStepMs) return 0;
    this.#offsetMs = offsetMs;
    return stepMs;
  }
}
