import { show } from "../../base/index.ts";
import {
  BatchSink,
  type BatchSinkOptions,
  encodeInfluxLine,
  flowErrors,
  type InfluxPoint,
  type SensorEvent,
  type Sink,
  toInfluxPoint,
} from "../../flow/index.ts";
import { systemClock } from "../clock.ts";
import { systemRandom } from "../random.ts";

/** Where InfluxDB is, and how events become points. */
export interface ToInfluxOptions<T> extends Partial<Omit<BatchSinkOptions, "name">> {
  /** As `http://127.0.0.1:8086`. */
  readonly url: string;
  /** The database of InfluxDB 1. Either this, or `org` and `bucket`. */
  readonly database?: string;
  /** The organisation and bucket of InfluxDB 2 and 3. */
  readonly org?: string;
  readonly bucket?: string;
  /** The user of InfluxDB 1. */
  readonly user?: string;
  readonly password?: string;
  /** The token of InfluxDB 2 and 3. */
  readonly token?: string;
  /** Default `sensor`. */
  readonly measurement?: string;
  /** Makes the point. Default: the id as a tag, the value as field `value`, or its parts as fields. */
  readonly toPoint?: (event: T) => InfluxPoint;
  /** How long a request may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
}

/**
 * Writes events to InfluxDB by HTTP and line protocol, many in one request. What InfluxDB refuses for good (400, 422) is
 * left out; everything else – it is away, it is busy, the token is not valid – is tried again.
 *
 * @throws `flow/bad-option`
 */
export function toInflux<T = SensorEvent<unknown>>(options: ToInfluxOptions<T>): Sink<T> {
  const { measurement = "sensor", timeoutMs = 10_000 } = options;
  const url = writeUrl(options);
  const headers = { "content-type": "text/plain; charset=utf-8", ...authorization(options) };
  const toPoint =
    options.toPoint ?? ((event: T) => toInfluxPoint(event as SensorEvent<unknown>, measurement));
  return new BatchSink<T>(
    async (events) => {
      const lines = events.map((event) => encodeInfluxLine(toPoint(event)));
      if (lines.includes(undefined)) {
        throw flowErrors.create("flow/refused", "an event without a value that InfluxDB could hold");
      }
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(url, { method: "POST", headers, body: lines.join("\n"), signal });
      const answer = await response.text();
      if (response.ok) return;
      const text = `${response.status} ${answer.trim().slice(0, 200)}`;
      if (response.status === 400 || response.status === 422) throw flowErrors.create("flow/refused", text);
      throw new Error(text);
    },
    { clock: systemClock, random: systemRandom, ...options, name: `InfluxDB at ${url.host}` },
  );
}

function writeUrl<T>({ url: text, database, org, bucket }: ToInfluxOptions<T>): URL {
  const isFirst = database !== undefined && org === undefined && bucket === undefined;
  const isSecond = database === undefined && org !== undefined && bucket !== undefined;
  if (!URL.canParse(text) || (!isFirst && !isSecond)) {
    throw flowErrors.create(
      "flow/bad-option",
      `InfluxDB needs a URL like http://127.0.0.1:8086, and either database, or org and bucket; got ${show({ url: text, database, org, bucket })}`,
    );
  }
  const url = new URL(isFirst ? "write" : "api/v2/write", text.endsWith("/") ? text : `${text}/`);
  url.search = new URLSearchParams(
    isFirst ? { db: database, precision: "ms" } : { org: org ?? "", bucket: bucket ?? "", precision: "ms" },
  ).toString();
  return url;
}

function authorization<T>({ token, user, password = "" }: ToInfluxOptions<T>): Record<string, string> {
  if (token !== undefined) return { authorization: `Token ${token}` };
  if (user === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}
