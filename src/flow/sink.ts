import type { Observer } from "rxjs";
import { show } from "../base/index.ts";
import { flowErrors } from "./errors.ts";

/** What became of the items that a sink was given. */
export interface SinkCounts {
  /** Items that came. */
  accepted: number;
  /** Items that are where they belong. */
  written: number;
  /** Items that were dropped because too many waited, or because the sink was closed. */
  dropped: number;
  /** Items that were refused for good. */
  refused: number;
  /** Attempts that failed and were repeated. */
  failures: number;
}

/** Where items end up: give it to `subscribe`. Bounded; it never holds the source up, and never throws into it. */
export interface Sink<T> extends Observer<T> {
  readonly counts: Readonly<SinkCounts>;
  /** How many items wait or are on their way. */
  readonly waiting: number;
  /** Resolves when the source has ended and everything is written, dropped or refused; or when the sink is closed. */
  readonly done: Promise<void>;
  /** Takes nothing more, and drops what waits. */
  close(): void;
}

/** What every sink can be told. */
export interface SinkOptions {
  /** How many items wait at the most. Default 10,000. */
  readonly limit?: number;
  /** Which item goes when there is no more room: the one that waits longest (default), or the one that comes. */
  readonly policy?: "drop-oldest" | "drop-newest";
  /** Is told when trouble begins and when it is over, a line each. Default: nobody is. */
  readonly say?: (text: string) => void;
}

/** Checks a sink's option. @throws `flow/bad-option` */
export function assertLimit(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw flowErrors.create("flow/bad-option", `${name} is a whole number of at least 1, got ${show(value)}`);
}

export function createCounts(): SinkCounts {
  return { accepted: 0, written: 0, dropped: 0, refused: 0, failures: 0 };
}
