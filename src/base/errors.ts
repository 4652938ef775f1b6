/**
 * Who has to act:
 *
 * - `caller`: the program or person that called us passed something that cannot work;
 * - `peer`: the other end (a broker, a node, a board) said no or broke the protocol;
 * - `place`: the surroundings (a port in use, no permission, no network) stand in the way;
 * - `moteq`: a defect of ours.
 */
export type Fault = "caller" | "peer" | "place" | "moteq";

/** One line of a table of error codes. */
export interface ErrorEntry {
  readonly fault: Fault;
  /** What it means and what to do, as `docs/reference/errors.md` says it; a room may keep these in `…ErrorMeanings`. */
  readonly meaning?: string;
}

/** The one class of all errors that moteq throws on purpose. */
export class MoteqError<Code extends string = string> extends Error {
  override readonly name = "MoteqError";
  /** What happened, from a fixed set: `docs/reference/errors.md` lists them all. Never reused for something else. */
  readonly code: Code;
  /** Who has to act. */
  readonly fault: Fault;
  /** What was received, by name; for programs. The message says it for people. */
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(
    code: Code,
    fault: Fault,
    message: string,
    options: { detail?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fault = fault;
    this.detail = options.detail ?? {};
  }
}

/**
 * Makes the constructor of one room's errors from its table of codes. The table is the single source: codes are
 * typed by it, and a test holds `docs/reference/errors.md` against it.
 *
 * @example
 * const errors = defineErrors({ "topics/bad-filter": { fault: "caller", meaning: "…" } });
 * throw errors.create("topics/bad-filter", "a filter must not be empty, got \"\"");
 */
export function defineErrors<Code extends string>(table: Readonly<Record<Code, ErrorEntry>>) {
  return {
    table,
    /** An error of this code; `message` says what was received and what to do. */
    create(
      code: Code,
      message: string,
      options?: { detail?: Readonly<Record<string, unknown>>; cause?: unknown },
    ): MoteqError<Code> {
      return new MoteqError(code, table[code].fault, message, options);
    },
    /** Whether something caught is one of these errors, of the given code if one is given. */
    is(error: unknown, code?: Code): error is MoteqError<Code> {
      return (
        error instanceof MoteqError && error.code in table && (code === undefined || error.code === code)
      );
    },
  };
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Shows a received value in an error message: JSON where it has one, cut at 60 characters. Never throws. */
export function show(value: unknown): string {
  const text = value === undefined ? "nothing" : (toJson(value) ?? typeof value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
