import type { Observer } from "rxjs";
import { messageOf } from "../base/index.ts";
import { formatTuple, isFault, type SensorReading } from "./event.ts";

/** How items are printed. */
export interface OutputOptions<T> {
  /** Default: as Python prints the tuple of an event, `('lux-1', 611, 284.1312)`. */
  readonly format?: (item: T) => string;
}

/**
 * Prints each item on a line, and why the source ended if it failed. ThingFlow's `Output`.
 *
 * @param write takes a line without its end
 */
export function output<T = SensorReading<unknown>>(
  write: (line: string) => void,
  options: OutputOptions<T> = {},
): Observer<T> {
  const { format = formatAny } = options;
  return {
    next: (item) => write(format(item)),
    error: (error: unknown) => write(`failed: ${messageOf(error)}`),
    complete: () => {},
  };
}

/** Prints how many items came, when the source ends. ThingFlow's `OutputCount`. */
export function outputCount(write: (line: string) => void): Observer<unknown> {
  let count = 0;
  return {
    next: () => void count++,
    error: (error: unknown) => write(`${count} events, then it failed: ${messageOf(error)}`),
    complete: () => write(`${count} events`),
  };
}

function formatAny(item: unknown): string {
  if (typeof item !== "object" || item === null || !("id" in item) || !("time" in item)) {
    return typeof item === "string" ? item : (JSON.stringify(item) ?? String(item));
  }
  const reading = item as SensorReading<unknown>;
  return isFault(reading) ? `${reading.id}: ${reading.fault.message}` : formatTuple(reading);
}
