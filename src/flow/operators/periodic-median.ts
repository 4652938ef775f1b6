import type { OperatorFunction } from "rxjs";
import type { SensorEvent } from "../event.ts";
import { assertCount } from "./sliding-mean.ts";
import { transduce } from "./transduce.ts";

/**
 * Gives for every `count` events one: the median of them, with the time of the last. What is left at the end gives one
 * too. ThingFlow's `PeriodicMedianTransducer`.
 *
 * @throws `flow/bad-option`
 */
export function periodicMedian(count = 5): OperatorFunction<SensorEvent, SensorEvent> {
  assertCount("periodicMedian", count);
  return transduce(() => {
    let events: SensorEvent[] = [];
    const take = (): SensorEvent | undefined => {
      const last = events.at(-1);
      const values = events.map(({ value }) => value).toSorted((a, b) => a - b);
      events = [];
      return last && { ...last, value: medianOf(values) };
    };
    return {
      step(event) {
        events.push(event);
        return events.length < count ? undefined : take();
      },
      complete: take,
    };
  });
}

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
