import { appendFile, mkdir, stat, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "csv-stringify/sync";
import {
  BatchSink,
  type BatchSinkOptions,
  flowErrors,
  type SensorEvent,
  type Sink,
} from "../../flow/index.ts";
import { systemClock } from "../clock.ts";
import { systemRandom } from "../random.ts";

/** How events are written to a file of comma-separated values. */
export interface ToCsvOptions extends Partial<Omit<BatchSinkOptions, "name">> {}

/** The columns that ThingFlow's CSV writer has. */
const heading = ["timestamp", "datetime", "sensor_id", "value"];

/**
 * Appends events to a CSV file: seconds since 1970, the same as ISO date and time (UTC), the sensor, the value. The heading
 * is written into an empty file only. A value that is an object is written as JSON.
 */
export function toCsv(path: string, options: ToCsvOptions = {}): Sink<SensorEvent<unknown>> {
  return new BatchSink((events) => append(path, events), { ...defaults, ...options, name: path });
}

/** Appends each event to the file of its day (UTC): `FOLDER/BASE-2026-11-20.csv`. */
export function toRollingCsv(
  folder: string,
  base: string,
  options: ToCsvOptions = {},
): Sink<SensorEvent<unknown>> {
  // What stands in earlier files of a batch that failed has been written, and must not be again.
  let tried: readonly SensorEvent<unknown>[] = [];
  let filesWritten = 0;
  const writeDays = async (events: readonly SensorEvent<unknown>[]) => {
    if (events !== tried) filesWritten = 0;
    tried = events;
    for (const [day, ofDay] of [...groupByDay(events)].slice(filesWritten)) {
      await append(join(folder, `${base}-${day}.csv`), ofDay);
      filesWritten++;
    }
  };
  return new BatchSink(writeDays, { ...defaults, ...options, name: join(folder, `${base}-….csv`) });
}

const defaults = { clock: systemClock, random: systemRandom };

function groupByDay(events: readonly SensorEvent<unknown>[]): Map<string, SensorEvent<unknown>[]> {
  const days = new Map<string, SensorEvent<unknown>[]>();
  for (const event of events) {
    const day = isoOf(event.time).slice(0, 10);
    const ofDay = days.get(day);
    if (ofDay) ofDay.push(event);
    else days.set(day, [event]);
  }
  return days;
}

async function append(path: string, events: readonly SensorEvent<unknown>[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const rows: unknown[][] = events.map(({ id, time, value }) => [
    time / 1000,
    isoOf(time),
    id,
    textOf(value),
  ]);
  const before = await sizeOf(path);
  if (before === 0) rows.unshift(heading);
  try {
    await appendFile(path, stringify(rows));
  } catch (error) {
    // A full disk takes a part: without it the rows can be written again.
    await truncate(path, before).catch(() => {});
    throw error;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}

function isoOf(time: number): string {
  const date = new Date(time);
  if (!Number.isNaN(date.getTime())) return date.toISOString();
  throw flowErrors.create("flow/refused", `an event with the time ${time}, which is none`);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
