import type { Clock, Timer } from "../base/index.ts";

/** The longest delay that Node's timers know; they fire a longer one at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The system's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (delayMs, callback) =>
    delayMs > longestTimerMs ? new LongTimer(delayMs, callback) : new ShortTimer(delayMs, callback),
};

class ShortTimer implements Timer {
  readonly #timeout: NodeJS.Timeout;

  constructor(delayMs: number, callback: () => void) {
    // Node cuts a fraction off, and would call too early by that.
    this.#timeout = setTimeout(callback, Math.ceil(delayMs));
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }
}

/** Goes on for as long as it takes, as many timeouts as that needs. */
class LongTimer implements Timer {
  #timeout: NodeJS.Timeout | undefined;

  constructor(delayMs: number, callback: () => void) {
    const end = performance.now() + delayMs;
    const arm = () => {
      const left = end - performance.now();
      this.#timeout = setTimeout(left > longestTimerMs ? arm : callback, Math.min(left, longestTimerMs));
    };
    arm();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }
}
