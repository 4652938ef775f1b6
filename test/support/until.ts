import { setTimeout as delay } from "node:timers/promises";

/** Long enough for a machine that is busy with other things, in milliseconds. */
const longestMs = 30_000;

/** Waits in real time until something holds that another process, or the operating system, brings about. */
export async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + longestMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`did not come true within ${longestMs / 1000} s`);
    await delay(5);
  }
}
