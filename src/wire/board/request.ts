import { parseObject } from "./json.ts";

/** How a board starts again. `soft` starts the agent alone, `hard` kills the agent first: nobody says goodbye. */
export type ResetMode = (typeof resetModes)[number];
const resetModes = ["normal", "safe", "soft", "hard"] as const;

/** What a caller asks of one of moteq's own boards. Paths are the board's own, with `/`; numbers are bytes. */
export type BoardRequest =
  /** What it is and how it is: {@link BoardInfo}. */
  | { readonly do: "info" }
  /** Evaluates source; the answer is what it prints, then the value's printed form. */
  | { readonly do: "eval"; readonly source: string }
  /** How the last word of a text could go on: an array of texts. */
  | { readonly do: "complete"; readonly text: string }
  /** A folder's entries, a line of JSON each ({@link BoardEntry}); of all folders below it, with their digests. */
  | { readonly do: "list"; readonly path: string; readonly recursive?: boolean; readonly digest?: boolean }
  /** A file's `{ size, sha256 }`. */
  | { readonly do: "digest"; readonly path: string }
  /** Bytes of a file, as they are. */
  | { readonly do: "get"; readonly path: string; readonly offset: number; readonly size: number }
  /** Makes a folder; with `parents` also those above it, and one that is there is well. */
  | { readonly do: "make"; readonly path: string; readonly parents?: boolean }
  /** Removes a file; with `folder` an empty folder. */
  | { readonly do: "remove"; readonly path: string; readonly folder?: boolean }
  | { readonly do: "rename"; readonly path: string; readonly to: string }
  /** Begins to put a file; parts follow, see {@link PartsProgress}. */
  | { readonly do: "put"; readonly path: string; readonly size: number; readonly sha256: string }
  /** Begins an update; `signature` is the image's, 128 hexadecimal digits; `boot`: start it when it is there. */
  | {
      readonly do: "update";
      readonly size: number;
      readonly sha256: string;
      readonly signature?: string;
      readonly boot?: boolean;
    }
  | { readonly do: "reset"; readonly mode: ResetMode }
  /** The last lines of the log. */
  | { readonly do: "log"; readonly lines?: number }
  /** What goes to the console and to MQTT from now on. */
  | { readonly do: "log-level"; readonly console?: BoardLogLevel; readonly mqtt?: BoardLogLevel }
  /** The crashes that are kept, a line of JSON each; one of them whole; none any more. */
  | { readonly do: "crashes" }
  | { readonly do: "crash"; readonly number: number }
  | { readonly do: "clear-crashes" };

/** The levels of a board's log, the gravest but one last; `none` is graver than all. */
export const boardLogLevels = ["debug", "info", "warning", "error", "critical", "none"] as const;
/** One of them. */
export type BoardLogLevel = (typeof boardLogLevels)[number];

/** What a request may ask for. */
export type BoardCommand = BoardRequest["do"];

type Kind = "text" | "whole" | "flag" | "digest" | "signature" | "mode" | "level";
type Field = Kind | `${Kind}?`;

/** The fields of each command; a question mark behind those that may be left out. */
const fields: { readonly [Command in BoardCommand]: Readonly<Record<string, Field>> } = {
  info: {},
  eval: { source: "text" },
  complete: { text: "text" },
  list: { path: "text", recursive: "flag?", digest: "flag?" },
  digest: { path: "text" },
  get: { path: "text", offset: "whole", size: "whole" },
  make: { path: "text", parents: "flag?" },
  remove: { path: "text", folder: "flag?" },
  rename: { path: "text", to: "text" },
  put: { path: "text", size: "whole", sha256: "digest" },
  update: { size: "whole", sha256: "digest", signature: "signature?", boot: "flag?" },
  reset: { mode: "mode" },
  log: { lines: "whole?" },
  "log-level": { console: "level?", mqtt: "level?" },
  crashes: {},
  crash: { number: "whole" },
  "clear-crashes": {},
};

/** Every native command there is. */
export const boardCommands = Object.keys(fields) as BoardCommand[];

/** What a field may hold, and that in words. */
const kinds: { readonly [Name in Kind]: readonly [(value: unknown) => boolean, string] } = {
  text: [(value) => typeof value === "string", "a text"],
  whole: [(value) => Number.isSafeInteger(value) && (value as number) >= 0, "a whole number, 0 or more"],
  flag: [(value) => typeof value === "boolean", "true or false"],
  digest: [(value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value), "64 hexadecimal digits"],
  signature: [
    (value) => typeof value === "string" && /^[0-9a-f]{128}$/.test(value),
    "128 hexadecimal digits",
  ],
  mode: [isResetMode, "normal, safe, soft or hard"],
  level: [isBoardLogLevel, "debug, info, warning, error, critical or none"],
};

/** Whether a value names a way of starting a board anew. */
export function isResetMode(value: unknown): value is ResetMode {
  return resetModes.includes(value as ResetMode);
}

/** Whether a value is the name of a level. */
export function isBoardLogLevel(value: unknown): value is BoardLogLevel {
  return boardLogLevels.includes(value as BoardLogLevel);
}

/** The request as the text of a call. */
export function encodeBoardRequest(request: BoardRequest): string {
  return JSON.stringify(request);
}

/** The request in a text, or what is wrong with it, in words. Fields that the command does not have are a fault. */
export function decodeBoardRequest(text: string): BoardRequest | { readonly fault: string } {
  const value = parseObject(text);
  if (!value) return { fault: "is no JSON object" };
  const { do: command, ...given } = value;
  const known = typeof command === "string" && Object.hasOwn(fields, command);
  if (!known) return { fault: `asks for the unknown command ${JSON.stringify(command) ?? "(none)"}` };
  const wanted = fields[command as BoardCommand];
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(wanted, name))
      return { fault: `has a field ${JSON.stringify(name)} that ${command} does not have` };
  }
  for (const [name, field] of Object.entries(wanted)) {
    const optional = field.endsWith("?");
    const [fits, expected] = kinds[(optional ? field.slice(0, -1) : field) as Kind];
    if (given[name] === undefined ? !optional : !fits(given[name])) {
      return { fault: `needs ${expected} in its field ${name}` };
    }
  }
  return value as unknown as BoardRequest;
}
