import { type RunHelpers, TestScheduler } from "rxjs/testing";
import { expect } from "vitest";
import type { Clock } from "../../src/base/index.ts";

/** Runs a test of marbles: a frame is a millisecond, of the clock too. */
export function runMarbles(test: (helpers: RunHelpers & { clock: Clock }) => void): void {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  const clock: Clock = {
    now: () => scheduler.now(),
    monotonic: () => scheduler.now(),
    setTimer(delayMs, callback) {
      const subscription = scheduler.schedule(callback, delayMs);
      return { cancel: () => subscription.unsubscribe() };
    },
  };
  scheduler.run((helpers) => test({ ...helpers, clock }));
}

/** Events of a sensor, one for each letter. */
export function eventsOf(values: Readonly<Record<string, number>>) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { id: "s", time: 1000, value }]),
  );
}
