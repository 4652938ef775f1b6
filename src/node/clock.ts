import type { Clock } from "../base/index.ts";

/** The longest delay that Node's timers know; they fire a longer one at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The system's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, callback) {
    const end = performance.now() + delayMs;
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number) => {
      timer = setTimeout(
        () => {
          const left = end - performance.now();
          if (leftMs > longestTimerMs && left > 0) arm(left);
          else callback();
        },
        Math.min(leftMs, longestTimerMs),
      );
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
