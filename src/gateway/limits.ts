import { show } from "../base/index.ts";
import { gatewayErrors } from "./errors.ts";

/**
 * The gateway's bounds. Reaching one is counted by its reason and said once on the status topic; nothing grows
 * beyond them.
 */
export interface GatewayLimits {
  /** Nodes that are known at once, 1 … 1,000,000. Default 1000. Frames of further ones are refused. */
  readonly nodes: number;
  /** Topic filters of one node, 1 … 10,000. Default 50. */
  readonly subscriptions: number;
  /** Bytes (topics and payloads) that wait for one node, 256 … 1 GiB. Default 64 KiB. The oldest message goes. */
  readonly queue_bytes: number;
  /** Messages of nodes that wait for the broker, 1 … 1,000,000. Default 1000. Nodes then hear `BAD` or `OUT`. */
  readonly uplinks: number;
  /** Frames of one node in a second, 1 … 1,000,000; twice as many in a burst. Default 100. Others are dropped. */
  readonly frames_a_second: number;
  /** Bytes of the longest message that is taken from or for a node, 1 … 1 MiB. Default 16 KiB. */
  readonly message_bytes: number;
  /** Answers that wait for one node's radio, 1 … 1000. Default 16. */
  readonly replies: number;
  /** Nodes that send a message in parts at once, 1 … 100,000. Default 256. The one longest quiet is given up. */
  readonly joins: number;
  /** Status and error lines that wait for the broker, 1 … 100,000. Default 100. */
  readonly reports: number;
  /** Native nodes whose sessions are kept in memory, 1 … 1,000,000. Default 10,000. Others begin theirs anew at each wake. */
  readonly sessions: number;
  /** Fates of messages that wait for the broker, 1 … 1,000,000. Default 1000. Further ones are counted, not told. */
  readonly fates: number;
  /** Topics whose last message is remembered, to know a retained one again, 1 … 1,000,000. Default 10,000. */
  readonly retained_topics: number;
}

/** Each limit's default, least and greatest value. */
export const limitRanges: Readonly<
  Record<keyof GatewayLimits, readonly [standard: number, from: number, to: number]>
> = {
  nodes: [1000, 1, 1_000_000],
  subscriptions: [50, 1, 10_000],
  queue_bytes: [65_536, 256, 1_073_741_824],
  uplinks: [1000, 1, 1_000_000],
  frames_a_second: [100, 1, 1_000_000],
  message_bytes: [16_384, 1, 1_048_576],
  replies: [16, 1, 1000],
  joins: [256, 1, 100_000],
  reports: [100, 1, 100_000],
  sessions: [10_000, 1, 1_000_000],
  fates: [1000, 1, 1_000_000],
  retained_topics: [10_000, 1, 1_000_000],
};

/** Fills in the defaults. @throws `gateway/bad-setting` */
export function resolveLimits(limits: {
  readonly [Key in keyof GatewayLimits]?: number | undefined;
}): GatewayLimits {
  const names = Object.keys(limitRanges) as (keyof GatewayLimits)[];
  const entries = names.map((name) => {
    const [standard, from, to] = limitRanges[name];
    return [name, wholeNumber(`limits.${name}`, limits[name] ?? standard, from, to)] as const;
  });
  return Object.fromEntries(entries) as unknown as GatewayLimits;
}

/** Checks a setting that is a whole number. @throws `gateway/bad-setting` */
export function wholeNumber(name: string, value: number, from: number, to: number): number {
  if (Number.isInteger(value) && value >= from && value <= to) return value;
  throw gatewayErrors.create(
    "gateway/bad-setting",
    `${name} is a whole number from ${from} to ${to}, got ${show(value)}`,
  );
}
