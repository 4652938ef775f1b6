import { describe, expect, it, onTestFinished } from "vitest";
import type { Sensor } from "../../src/device/index.ts";
import {
  fromSensor,
  type FromSensorOptions,
  isFault,
  outOfRange,
  Schedule,
  type SensorReading,
} from "../../src/flow/index.ts";
import { SimulatedSensor, VirtualClock } from "../../src/virtual/index.ts";

function watch<Value>(
  sensor: Sensor<Value>,
  options: Partial<FromSensorOptions<Value, Value>> = {},
): { clock: VirtualClock; schedule: Schedule; seen: string[]; end: () => void } {
  const clock = new VirtualClock({ startsAt: 1_000_000 });
  const schedule = new Schedule({ clock });
  const seen: string[] = [];
  const readings = fromSensor(sensor, { id: "s", every: 1000, schedule, ...options });
  const subscription = readings.subscribe((reading) => seen.push(describeReading(reading)));
  onTestFinished(() => subscription.unsubscribe());
  return { clock, schedule, seen, end: () => subscription.unsubscribe() };
}

function describeReading(reading: SensorReading<unknown>): string {
  const what = isFault(reading)
    ? `${reading.fault.code}: ${reading.fault.message}`
    : JSON.stringify(reading.value);
  return `${reading.time - 1_000_000} ${what}`;
}

/** Gives one thing after the other; functions are called. */
function sensorOf(...answers: unknown[]): Sensor<never> {
  return {
    sample() {
      const answer = answers.shift();
      return (typeof answer === "function" ? (answer as () => never)() : answer) as never;
    },
    close() {},
  };
}

function withResolver<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: ((value: T) => void) | undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve: (value) => resolve?.(value) };
}

const boom = () => {
  throw new Error("boom");
};

describe("fromSensor", () => {
  it("reads at once and then in equal steps", async () => {
    const { clock, seen } = watch(sensorOf(20, Promise.resolve(21), 22));
    await clock.advance(2000);
    expect(seen).toEqual(["0 20", "1000 21", "2000 22"]);
  });

  it("tells of a sensor that throws or rejects, and reads it again", async () => {
    const { clock, seen } = watch(sensorOf(boom, () => Promise.reject(new Error("gone")), 22));
    await clock.advance(2000);
    expect(seen).toEqual([
      "0 flow/sensor-failed: the sensor s could not be read: boom",
      "1000 flow/sensor-failed: the sensor s could not be read: gone",
      "2000 22",
    ]);
  });

  it("tells of values that cannot be, wherever in an object they are", async () => {
    const sensor = sensorOf(Number.NaN, { a: { b: Infinity } }, 99, 5);
    const { clock, seen } = watch(sensor, { check: outOfRange(0, 50) });
    await clock.advance(3000);
    expect(seen).toEqual([
      "0 flow/bad-reading: the sensor s gave null is not a finite number",
      '1000 flow/bad-reading: the sensor s gave {"a":{"b":null}} is not a finite number',
      "2000 flow/bad-reading: the sensor s gave 99 is not within 0 … 50",
      "3000 5",
    ]);
  });

  it("tells of a sample that cannot be picked from", async () => {
    const { clock, seen } = watch(sensorOf({}), {
      pick: ((sample: { deep: { value: number } }) => sample.deep.value) as never,
    });
    await clock.advance(500);
    expect(seen).toEqual([
      expect.stringContaining("0 flow/bad-reading: the sensor s gave what cannot be read:"),
    ]);
  });

  it("asks a sensor that hangs only once, and goes on when it answers", async () => {
    const { promise, resolve: answer } = withResolver<number>();
    const sensor = sensorOf(promise, 2);
    const { clock, seen } = watch(sensor, { timeoutMs: 400 });
    await clock.advance(1500);
    answer(1);
    await clock.advance(500);
    expect(seen).toEqual([
      "400 flow/sensor-hangs: the sensor s did not answer within 400 ms",
      "1000 flow/sensor-hangs: the sensor s has not answered yet",
      "2000 2",
    ]);
  });

  it("asks again after a minute, three times at the most until it answers", async () => {
    const sensor = new SimulatedSensor(() => 7);
    sensor.mood = "hanging";
    let asked = 0;
    const counted = { sample: () => (asked++, sensor.sample()), close() {} };
    const { clock, seen } = watch(counted, { every: 10_000 });
    await clock.advance(3_600_000);
    expect(asked).toBe(4);
    sensor.mood = "well";
    await clock.advance(10_000);
    expect(seen.at(-1)).toBe("3610000 7");
    expect(asked).toBe(5);
  });

  it("passes over what is nothing new", async () => {
    const { clock, seen } = watch(sensorOf(undefined, 1));
    await clock.advance(1000);
    expect(seen).toEqual(["1000 1"]);
  });

  it("reads once for all who subscribe, and not when nobody does", async () => {
    const clock = new VirtualClock();
    const schedule = new Schedule({ clock });
    const sensor = new SimulatedSensor(() => 7);
    const readings = fromSensor(sensor, { id: "s", every: 1000, schedule });
    const [first, second] = [readings.subscribe(), readings.subscribe()];
    await clock.advance(3000);
    expect(sensor.samples).toBe(4);
    first.unsubscribe();
    second.unsubscribe();
    await clock.advance(3000);
    expect({ samples: sensor.samples, tasks: schedule.size }).toEqual({ samples: 4, tasks: 0 });
  });

  it("says nothing of an answer that comes after nobody wants it", async () => {
    const { clock, seen, end } = watch(sensorOf(new Promise(() => {})), { timeoutMs: 500 });
    await clock.advance(100);
    end();
    await clock.advance(5000);
    expect(seen).toEqual([]);
  });
});
