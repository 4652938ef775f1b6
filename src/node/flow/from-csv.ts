import { createReadStream } from "node:fs";
import { parse } from "csv-parse";
import { Observable } from "rxjs";
import { flowErrors, type SensorEvent } from "../../flow/index.ts";

/** How a file of comma-separated values is read. */
export interface FromCsvOptions {
  /** Whether the first row names the columns. Default true. */
  readonly hasHeading?: boolean;
  /** Is told of each row that is no event; reading goes on. Default: nobody is. */
  readonly onBad?: (row: readonly string[], error: Error) => void;
}

/**
 * The events of a file that {@link toCsv} has written, in order; then it ends. Fails if the file cannot be read. A value
 * that is a number, or other JSON, becomes that; other text stays text.
 */
export function fromCsv(path: string, options: FromCsvOptions = {}): Observable<SensorEvent<unknown>> {
  const { hasHeading = true, onBad } = options;
  return new Observable((subscriber) => {
    const file = createReadStream(path);
    const rows = file.pipe(
      parse({
        from: hasHeading ? 2 : 1,
        relax_column_count: true,
        relax_quotes: true,
        skip_empty_lines: true,
      }),
    );
    file.on("error", (error) => subscriber.error(error));
    rows.on("data", (row: string[]) => {
      const event = toEvent(row);
      if (event) subscriber.next(event);
      else
        onBad?.(row, flowErrors.create("flow/bad-event", `a row of ${path} is passed over: it is no event`));
    });
    rows.on("error", (error) => subscriber.error(error));
    rows.on("end", () => subscriber.complete());
    return () => {
      file.destroy();
      rows.destroy();
    };
  });
}

function toEvent([seconds, , id, value]: readonly string[]): SensorEvent<unknown> | undefined {
  const time = Number(seconds);
  if (seconds === undefined || seconds === "" || !Number.isFinite(time)) return undefined;
  if (id === undefined || value === undefined) return undefined;
  return { id, time: Math.round(time * 1000), value: valueOf(value) };
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
