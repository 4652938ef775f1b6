import type { Random } from "./random.ts";

/** How the delays between attempts grow. All in milliseconds. */
export interface BackoffOptions {
  /** The first delay before jitter. Default 500. */
  readonly minimumMs?: number;
  /** No delay is longer than this. Default 30,000. */
  readonly maximumMs?: number;
  /** Each delay is this many times the one before. Default 2. */
  readonly factor?: number;
}

/** Delays between attempts that grow and are spread at random, so that a fleet does not come back in step. */
export interface Backoff {
  /** The delay before the next attempt, in milliseconds: from half to the whole of the current step. */
  next(): number;
  /** Back to the first delay, after a success. */
  reset(): void;
}

export function createBackoff(random: Random, options: BackoffOptions = {}): Backoff {
  const { minimumMs = 500, maximumMs = 30_000, factor = 2 } = options;
  let step = minimumMs;
  return {
    next() {
      const current = Math.min(step, maximumMs);
      step = Math.min(step * factor, maximumMs);
      return current / 2 + (random.next() * current) / 2;
    },
    reset() {
      step = minimumMs;
    },
  };
}
