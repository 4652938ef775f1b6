import type { SensorEvent } from "./event.ts";
import { fieldsOf, type FieldValue } from "./fields.ts";

/** What an event is in InfluxDB. */
export interface InfluxPoint {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  /** At least one. Numbers must be finite. */
  readonly fields: readonly (readonly [name: string, value: FieldValue])[];
  /** In milliseconds since 1970. */
  readonly time: number;
}

/** An event as a point: its id is a tag, its value the field `value`, or a field for each part of an object. */
export function toInfluxPoint(event: SensorEvent<unknown>, measurement: string): InfluxPoint {
  return { measurement, tags: { id: event.id }, fields: fieldsOf(event.value), time: event.time };
}

/**
 * A point in InfluxDB's line protocol, the time in milliseconds; `undefined` if nothing of it can be stored.
 * What the protocol cannot carry – empty tags, line ends in names – is left out or becomes a space.
 */
export function encodeInfluxLine({ measurement, tags, fields, time }: InfluxPoint): string | undefined {
  const written = fields
    .filter(([, value]) => typeof value !== "number" || Number.isFinite(value))
    .map(([name, value]) => `${escapeName(name)}=${encodeField(value)}`);
  if (written.length === 0 || !Number.isFinite(time)) return undefined;
  const labels = Object.entries(tags)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `,${escapeName(name)}=${escapeName(value)}`);
  return `${escapeMeasurement(measurement)}${labels.join("")} ${written.join(",")} ${Math.round(time)}`;
}

function encodeField(value: FieldValue): string {
  if (typeof value === "string") return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  return String(value);
}

function escapeMeasurement(text: string): string {
  return withoutEnds(text).replaceAll(/[, ]/g, String.raw`\$&`);
}

function escapeName(text: string): string {
  return withoutEnds(text).replaceAll(/[,= ]/g, String.raw`\$&`);
}

/** A backslash at the end would swallow what comes behind it. */
function withoutEnds(text: string): string {
  return text.replaceAll(/[\r\n]/g, " ").replace(/\\+$/, "");
}
