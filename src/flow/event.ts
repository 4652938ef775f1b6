import type { MoteqError } from "../base/index.ts";

/** What a sensor measured. */
export interface SensorEvent<Value = number> {
  /** Which sensor, as `lux-1`. */
  readonly id: string;
  /** When, in milliseconds since 1970. */
  readonly time: number;
  readonly value: Value;
}

/** That a sensor could not be read, and why. */
export interface SensorFault {
  readonly id: string;
  /** When, in milliseconds since 1970. */
  readonly time: number;
  /** `flow/sensor-failed`, `flow/sensor-hangs` or `flow/bad-reading`. */
  readonly fault: MoteqError;
}

/** What comes of reading a sensor. */
export type SensorReading<Value = number> = SensorEvent<Value> | SensorFault;

/** Whether a reading failed. */
export function isFault(reading: SensorReading<unknown>): reading is SensorFault {
  return "fault" in reading;
}

/**
 * An event as the JSON array that ThingFlow's sensors send: `["lux-1", 1795174724.02, 284.1]`, the time in seconds.
 */
export function formatEvent({ id, time, value }: SensorEvent<unknown>): string {
  return `[${JSON.stringify(id)}, ${time / 1000}, ${JSON.stringify(value)}]`;
}

/** Reads what {@link formatEvent} writes; `undefined` if it is none. */
export function parseEvent(text: string): SensorEvent<unknown> | undefined {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(list) || list.length !== 3) return undefined;
  const [id, seconds, value] = list as unknown[];
  if (typeof id !== "string" || typeof seconds !== "number" || value === undefined) return undefined;
  // A thousandth is not exact in binary: without rounding, times would change on their way.
  return { id, time: Math.round(seconds * 1000), value };
}

/** An event as Python prints the tuple: `('lux-1', 611, 284.1312)`. */
export function formatTuple({ id, time, value }: SensorEvent<unknown>): string {
  return `('${id}', ${time / 1000}, ${typeof value === "string" ? `'${value}'` : JSON.stringify(value)})`;
}
