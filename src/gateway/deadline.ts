import { type Clock, createAborter, sleep } from "../base/index.ts";

/** Waits until `promise` settles, either way, but no longer than `limitMs`. Never rejects. */
export async function settleWithin(clock: Clock, limitMs: number, promise: Promise<unknown>): Promise<void> {
  const timeout = createAborter();
  const settled = Promise.allSettled([promise]);
  const slept = Promise.allSettled([sleep(clock, limitMs, timeout.signal)]);
  await Promise.race([settled, slept]);
  timeout.abort(new Error("settled in time"));
}
