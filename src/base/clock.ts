import type { AbortSignalLike } from "./abort.ts";
import { onAbort, throwIfAborted } from "./abort.ts";

/** A timer that was set and can be cancelled; cancelling twice, or after it went off, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Where time comes from. The real one is `node/`'s, the virtual one is `virtual/`'s; nothing else reads a clock.
 */
export interface Clock {
  /** The time of day in milliseconds since 1970 (UTC). It may step when somebody sets the system's clock. */
  now(): number;
  /** Milliseconds since some fixed moment. It never steps back: measure spans with it. */
  monotonic(): number;
  /** Calls `callback` once, `delayMs` (0 or more) from now by the monotonic time. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

/**
 * Waits `delayMs` milliseconds of the given clock.
 *
 * @throws the signal's reason as soon as it is aborted; at once if it is already.
 */
export async function sleep(clock: Clock, delayMs: number, signal?: AbortSignalLike): Promise<void> {
  throwIfAborted(signal);
  await new Promise<void>((resolve, reject) => {
    const timer = clock.setTimer(delayMs, () => {
      release();
      resolve();
    });
    const release = onAbort(signal, () => {
      timer.cancel();
      reject(signal?.reason);
    });
  });
}
