import { parseObject } from "./json.ts";

/** What runs on a board: the agent that was installed, or the image in one of two slots. */
export type BoardSlot = "factory" | "a" | "b";

/** What a board says of itself, retained at `<base>/info`, and to the command `info`. */
export interface BoardInfo {
  /** `online`, or `offline` by its last will. */
  readonly state: "online" | "offline";
  readonly name: string;
  /** Of moteq. */
  readonly version: string;
  /** What it runs on, as `node v20.19.0 linux arm64`. */
  readonly platform: string;
  /** `safe`: boots have failed, or somebody asked for it, and only the safe modules run. */
  readonly mode: "normal" | "safe";
  readonly slot: BoardSlot;
  /** The SHA-256 of the running image; `null` for the one that was installed. */
  readonly image: string | null;
  /** Whether this boot was shown to be manageable for long enough. */
  readonly confirmed: boolean;
  /** What became of the last update or boots, in words; `null` if there is nothing to say. */
  readonly note: string | null;
  /** The native commands that it takes. */
  readonly commands: readonly string[];
  /** Whether it takes only commands signed by a key that it trusts. */
  readonly signed: boolean;
  /** Names this run of the agent in signed commands: 32 hexadecimal digits. */
  readonly session: string;
  /** Milliseconds since the agent was started. */
  readonly uptimeMs: number;
  /** The longest part of a file that it takes, in bytes; 0 if it does not say. */
  readonly part: number;
  /** How many bytes of a file may be on their way to it; with both, parts may be sent right behind `put`. */
  readonly window: number;
  /** How many messages it did not take since it was started, by reason. */
  readonly ignored?: { readonly [Reason in IgnoredReason]?: number };
}

/**
 * Why a board leaves a message without an answer:
 *
 * - `retained`: a command that the broker had kept; `repeated`: one that came before;
 * - `malformed`: it is shorter than its header, or a part that is too long or beyond what was announced;
 * - `foreign`: its topic is none of a command;
 * - `unchecked`: so many calls came with bad signatures that there was no time to check this one's.
 */
export type IgnoredReason = "retained" | "repeated" | "malformed" | "foreign" | "unchecked";

const ignoredReasons: readonly IgnoredReason[] = [
  "retained",
  "repeated",
  "malformed",
  "foreign",
  "unchecked",
];

/** One entry of a folder. */
export interface BoardEntry {
  /** Below the listed folder, with `/` where it is in a folder further down. */
  readonly name: string;
  readonly folder: boolean;
  /** In bytes; 0 for a folder. */
  readonly size: number;
  /** Of a file, if it was asked for: 64 hexadecimal digits. */
  readonly sha256?: string;
}

/**
 * What a board says while it takes the parts of a file or an image, as lines of JSON. The first one tells from where to
 * send, in parts of how many bytes, and how many bytes may be on their way beyond `have`; the last has `done`.
 */
export interface PartsProgress {
  /** Bytes that the board has for certain, from the beginning. */
  readonly have: number;
  /** The longest part, in bytes. */
  readonly part?: number;
  /** How many bytes may be sent beyond `have`. */
  readonly window?: number;
  /** Everything is in its place. */
  readonly done?: boolean;
  /** It is at work with what it has: it digests or writes it. `have` is then no place to go on from. */
  readonly busy?: boolean;
}

/** What is known of one crash. */
export interface CrashReport {
  /** Counts crashes, from 1. */
  readonly number: number;
  /** When, ISO 8601 in UTC, by the board's clock. */
  readonly time: string;
  /** What ended it, as `exit code 1`, `signal SIGKILL`, `not fed for 120 s`. */
  readonly cause: string;
  readonly slot: BoardSlot;
  readonly mode: "normal" | "safe";
  readonly uptimeMs: number;
  /** What it took last, in bytes; `null` if it never said. */
  readonly memoryBytes: number | null;
  /** What it printed last. Only in the report of one crash. */
  readonly output?: string;
}

/** A board's information as it came; `undefined` where it is none. Missing parts get their plainest value. */
export function decodeBoardInfo(text: string): BoardInfo | undefined {
  const value = parseObject(text);
  if (!value || (value["state"] !== "online" && value["state"] !== "offline")) return undefined;
  const textOf = (key: string) => (typeof value[key] === "string" ? value[key] : "");
  const commands = Array.isArray(value["commands"]) ? value["commands"] : [];
  const slot = textOf("slot");
  return {
    state: value["state"],
    name: textOf("name"),
    version: textOf("version"),
    platform: textOf("platform"),
    mode: value["mode"] === "safe" ? "safe" : "normal",
    slot: slot === "a" || slot === "b" ? slot : "factory",
    image: textOf("image") || null,
    confirmed: value["confirmed"] === true,
    note: textOf("note") || null,
    commands: commands.filter((command) => typeof command === "string"),
    signed: value["signed"] === true,
    session: textOf("session"),
    uptimeMs: toWhole(value["uptimeMs"]),
    part: toWhole(value["part"]),
    window: toWhole(value["window"]),
    ignored: decodeIgnored(value["ignored"]),
  };
}

function decodeIgnored(value: unknown): NonNullable<BoardInfo["ignored"]> {
  const given = (value ?? {}) as Readonly<Record<string, unknown>>;
  const counted = ignoredReasons.filter((reason) => toWhole(given[reason]) > 0);
  return Object.fromEntries(counted.map((reason) => [reason, toWhole(given[reason])]));
}

/** An entry of a folder as it came; `undefined` where it is none. */
export function decodeBoardEntry(text: string): BoardEntry | undefined {
  const value = parseObject(text);
  if (!value || typeof value["name"] !== "string") return undefined;
  const { name, folder, size, sha256 } = value;
  return {
    name,
    folder: folder === true,
    size: toWhole(size),
    ...(typeof sha256 === "string" ? { sha256 } : {}),
  };
}

/** A line of progress as it came; `undefined` where it is none. */
export function decodePartsProgress(text: string): PartsProgress | undefined {
  const value = parseObject(text);
  if (!value || !Number.isSafeInteger(value["have"])) return undefined;
  const { part, window, done, busy } = value;
  return {
    have: toWhole(value["have"]),
    ...(part === undefined ? {} : { part: toWhole(part) }),
    ...(window === undefined ? {} : { window: toWhole(window) }),
    ...(done === true ? { done } : {}),
    ...(busy === true ? { busy } : {}),
  };
}

/** A crash as it came; `undefined` where it is none. */
export function decodeCrashReport(text: string): CrashReport | undefined {
  const value = parseObject(text);
  if (!value || !Number.isSafeInteger(value["number"])) return undefined;
  const { time, cause, slot, output, memoryBytes } = value;
  return {
    number: toWhole(value["number"]),
    time: typeof time === "string" ? time : "",
    cause: typeof cause === "string" ? cause : "",
    slot: slot === "a" || slot === "b" ? slot : "factory",
    mode: value["mode"] === "safe" ? "safe" : "normal",
    uptimeMs: toWhole(value["uptimeMs"]),
    memoryBytes: memoryBytes === null ? null : toWhole(memoryBytes),
    ...(typeof output === "string" ? { output } : {}),
  };
}

function toWhole(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : 0;
}
