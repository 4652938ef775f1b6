import { remoteErrors } from "./errors.ts";

/** What is to be in one folder of a board. */
export interface SyncTarget {
  /** The board's folder. */
  readonly folder: string;
  readonly sources: readonly SyncSource[];
}

/** One word of a specification. */
export interface SyncSource {
  /** The folder on this side; empty for where the specification is used. */
  readonly from: string;
  /** A file below it, or a pattern with `*` and `?` in its last part. */
  readonly pattern: string;
  /** What it is called on the board; `undefined`: as here, without folders. */
  readonly to: string | undefined;
  /** Compare, and put nothing. */
  readonly checkOnly: boolean;
  /** Put what is missing, and leave what differs. */
  readonly noUpdate: boolean;
  /** Compile `.py` to `.mpy` first. */
  readonly compile: boolean;
}

/** A whole specification. */
export interface SyncSpec {
  /** The cross-compiler and its options, for targets with `--mpy`. */
  readonly compiler: readonly string[];
  readonly targets: readonly SyncTarget[];
}

/** What becomes of one file. */
export type SyncDecision =
  | { readonly action: "ok" }
  | { readonly action: "put" | "skip"; readonly reason: "missing" | "shadiff" };

const usualCompiler = ["mpy-cross", "-march=xtensawin"];
const flags = {
  "--check-only": "checkOnly",
  "--no-update": "noUpdate",
  "--no-put": "noUpdate",
  "--mpy": "compile",
} as const;

/**
 * Reads a specification in mqsync's format:
 *
 *     /lib: --mpy            # a folder of the board, with options
 *       src: a.py b.py->c.py # files of a folder here; some renamed
 *       *.py                 # a pattern
 *     /my data:              # a folder may have blanks in its name, a file may not
 *       notes.txt
 *     mpy-cross: /opt/mpy-cross -march=armv7m
 *
 * @throws `remote/bad-spec`, with the line
 */
export function parseSyncSpec(text: string): SyncSpec {
  let compiler: readonly string[] = usualCompiler;
  let current: { folder: string; options: Partial<SyncSource> } | undefined;
  const targets = new Map<string, SyncSource[]>();
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = whole.replace(/#.*$/, "").trimEnd();
    if (line === "") continue;
    const words = line.trim().split(/\s+/);
    const fault = (what: string) => remoteErrors.create("remote/bad-spec", `line ${index + 1}: ${what}`);
    if (/^\s/.test(line)) {
      if (!current) throw fault("files come before any target folder");
      const sources = parseSources(words, current.options, fault);
      targets.set(current.folder, [...(targets.get(current.folder) ?? []), ...sources]);
      continue;
    }
    const [, name, more = ""] = /^(.+?):(?:\s+(.*))?$/.exec(line) ?? [];
    if (name === undefined) throw fault(`a target folder ends in a colon, got ${JSON.stringify(line)}`);
    const rest = more.split(/\s+/).filter((word) => word !== "");
    if (name === "mpy-cross") {
      if (rest.length > 0) compiler = rest;
      current = undefined;
      continue;
    }
    current = { folder: name, options: parseOptions(rest, fault) };
    if (!targets.has(name)) targets.set(name, []);
  }
  return { compiler, targets: [...targets].map(([folder, sources]) => ({ folder, sources })) };
}

/** What becomes of a file that is here, by the digests here and on the board. */
export function decideSync(source: SyncSource, here: string, there: string | undefined): SyncDecision {
  if (there === here) return { action: "ok" };
  const reason = there === undefined ? "missing" : "shadiff";
  const skips = source.checkOnly || (source.noUpdate && reason === "shadiff");
  return { action: skips ? "skip" : "put", reason };
}

/** Whether a file's name fits a pattern with `*` (any characters) and `?` (one). */
export function fitsPattern(pattern: string, name: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s").test(name);
}

function parseOptions(words: readonly string[], fault: (what: string) => Error): Partial<SyncSource> {
  const options: Partial<Record<"checkOnly" | "noUpdate" | "compile", boolean>> = {};
  for (const word of words) {
    if (!Object.hasOwn(flags, word))
      throw fault(
        `a target has no option ${JSON.stringify(word)}; there are ${Object.keys(flags).join(", ")}`,
      );
    options[flags[word as keyof typeof flags]] = true;
  }
  return options;
}

function parseSources(
  words: readonly string[],
  options: Partial<SyncSource>,
  fault: (what: string) => Error,
): SyncSource[] {
  const [first = ""] = words;
  const from = first.endsWith(":") ? first.slice(0, -1) : "";
  return words.slice(first.endsWith(":") ? 1 : 0).map((word) => {
    const [pattern = "", to, ...more] = word.split("->");
    if (pattern === "" || to === "" || more.length > 0)
      throw fault(`a file is FILE or FILE->NAME, got ${JSON.stringify(word)}`);
    if (to !== undefined && /[*?]/.test(pattern))
      throw fault(`a pattern cannot be renamed: ${JSON.stringify(word)}`);
    if (to !== undefined && /[*?/]/.test(to))
      throw fault(`what a file is renamed to is a plain name: ${JSON.stringify(word)}`);
    const { checkOnly = false, noUpdate = false, compile = false } = options;
    return { from, pattern, to, checkOnly, noUpdate, compile };
  });
}
