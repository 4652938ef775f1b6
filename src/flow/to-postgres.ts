import { messageOf, show } from "../base/index.ts";
import { BatchSink, type BatchSinkOptions } from "./batch-sink.ts";
import { flowErrors } from "./errors.ts";
import type { SensorEvent } from "./event.ts";
import type { Sink } from "./sink.ts";

/** What the sink needs of a connection to PostgreSQL: a `Pool` or a `Client` of the package `pg` fits. */
export interface SqlPool {
  query(text: string, values: unknown[]): Promise<unknown>;
}

/** How events become rows. */
export interface ToPostgresOptions<T> extends Omit<BatchSinkOptions, "name"> {
  /** The table, with its schema if need be, as `public.readings`. */
  readonly table: string;
  /** The columns, in order. Default: `ts` (timestamptz), `sensor_id` (text), `value` (double precision). */
  readonly columns?: readonly string[];
  /** The values of an event's row, in the order of the columns. */
  readonly toRow?: (event: T) => readonly unknown[];
}

/** PostgreSQL takes 65,535 parameters in a statement at the most. */
const longestStatement = 60_000;

/**
 * Inserts events into a table, many in one statement. A row that PostgreSQL refuses (a wrong type, a broken constraint) is
 * left out; everything else is tried again.
 *
 * @throws `flow/bad-option`
 */
export function toPostgres<T = SensorEvent>(pool: SqlPool, options: ToPostgresOptions<T>): Sink<T> {
  const { table, columns = ["ts", "sensor_id", "value"], batch = 500 } = options;
  const toRow = options.toRow ?? (rowOf as unknown as (event: T) => readonly unknown[]);
  const target = `INSERT INTO ${quoteName(table)} (${columns.map(quoteIdentifier).join(", ")}) VALUES `;
  const atOnce = Math.max(1, Math.min(batch, Math.floor(longestStatement / columns.length)));
  return new BatchSink<T>(
    async (events) => {
      const values: unknown[] = [];
      const rows = events.map((event) => {
        const row = toRow(event);
        return `(${columns.map((_column, place) => `$${values.push(row[place] ?? null)}`).join(", ")})`;
      });
      try {
        await pool.query(target + rows.join(", "), values);
      } catch (error) {
        if (isRefusal(error)) throw flowErrors.create("flow/refused", messageOf(error), { cause: error });
        throw error;
      }
    },
    { ...options, batch: atOnce, name: `the table ${table}` },
  );
}

function rowOf({ id, time, value }: SensorEvent): readonly unknown[] {
  return [new Date(time), id, value];
}

/** Classes 22 (bad data) and 23 (broken constraint) will be the same next time; all else may pass. */
function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" && /^2[23]...$/.test(code);
}

function quoteName(name: string): string {
  const parts = name.split(".");
  if (parts.length > 2 || parts.includes("")) {
    throw flowErrors.create("flow/bad-option", `a table is NAME or SCHEMA.NAME, got ${show(name)}`);
  }
  return parts.map(quoteIdentifier).join(".");
}

function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
