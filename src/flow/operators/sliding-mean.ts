import type { OperatorFunction } from "rxjs";
import { show } from "../../base/index.ts";
import { flowErrors } from "../errors.ts";
import type { SensorEvent } from "../event.ts";
import { transduce } from "./transduce.ts";

/**
 * Gives for each event the mean of it and those before it, `count` in all; until there are so many, of those that there
 * are. ThingFlow's `SensorSlidingMean`.
 *
 * @throws `flow/bad-option`
 */
export function slidingMean(count: number): OperatorFunction<SensorEvent, SensorEvent> {
  assertCount("slidingMean", count);
  return transduce(() => {
    const values: number[] = [];
    return {
      step(event) {
        values.push(event.value);
        if (values.length > count) values.shift();
        // Summed anew each time: a running sum would gather rounding errors over months.
        let sum = 0;
        for (const value of values) sum += value;
        return { ...event, value: sum / values.length };
      },
    };
  });
}

/** @throws `flow/bad-option` */
export function assertCount(name: string, count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= 1_000_000) return;
  throw flowErrors.create(
    "flow/bad-option",
    `${name} takes a whole number from 1 to 1,000,000, got ${show(count)}`,
  );
}
