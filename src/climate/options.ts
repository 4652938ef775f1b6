import type { QoS } from "../flow/index.ts";
import { assertTopicFilter, assertTopicName } from "../topics/index.ts";

/** What can be set of the application; what is left out has its default. */
export interface ClimateOptions {
  /** What the sensor's readings are called. Default `climate`. */
  readonly id?: string | undefined;
  /** Milliseconds from one reading to the next. Default 5000; a DHT22 needs 2000. */
  readonly everyMs?: number | undefined;
  /** Where readings go. Default `testincr`. */
  readonly readings?: string | undefined;
  /** `text` (default) as `t=24.1C, h=26.5%.`, or `json` as `{"time":…,"temperature":24.1,"humidity":26.5}`. */
  readonly format?: "text" | "json" | undefined;
  /** How surely readings are published. Default 1. */
  readonly qos?: QoS | undefined;
  /** Where the LED is switched, by `on` and `off`. Default `output`. */
  readonly output?: string | undefined;
  /** Where the state is told, retained. Default `climate/state`. */
  readonly state?: string | undefined;
  /** How many readings wait for the broker at the most; then the oldest go. Default 20,000: more than a day of them. */
  readonly limit?: number | undefined;
}

/** Every setting. */
export type ClimateSettings = { readonly [Key in keyof ClimateOptions]-?: NonNullable<ClimateOptions[Key]> };

/** Fills in the defaults. @throws `topics/bad-name`, `topics/bad-filter` */
export function resolveClimateOptions(options: ClimateOptions): ClimateSettings {
  const settings: ClimateSettings = {
    id: options.id ?? "climate",
    everyMs: options.everyMs ?? 5000,
    readings: options.readings ?? "testincr",
    format: options.format ?? "text",
    qos: options.qos ?? 1,
    output: options.output ?? "output",
    state: options.state ?? "climate/state",
    limit: options.limit ?? 20_000,
  };
  assertTopicName(settings.readings);
  assertTopicName(settings.state);
  assertTopicFilter(settings.output);
  return settings;
}

/** What the application tells its log. */
export type ClimateLog = (level: "info" | "warn", text: string) => void;
