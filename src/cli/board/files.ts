import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { buffer } from "node:stream/consumers";
import { messageOf } from "../../base/index.ts";
import type { RemoteBoard } from "../../remote/index.ts";
import type { BoardEntry } from "../../wire/index.ts";
import { cliErrors } from "../errors.ts";
import { printLine, toJsonLine, toPrintable } from "../output.ts";
import { createProgress } from "../progress.ts";
import { isRefused } from "./entry.ts";
import { openDestination } from "./destination.ts";
import { createOutput } from "./printed.ts";

/** `ls`: as the original prints it – sizes right-aligned, a slash behind folders; with `sha`, files' digests. */
export async function listFolder(
  board: RemoteBoard,
  path: string,
  options: { readonly recursive?: boolean; readonly sha?: boolean; readonly json?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { recursive = false, sha: digest = false } = options;
  const entries = await board.list(path, { recursive, digest, signal });
  for (const entry of entries) {
    if (options.json) printLine(toJsonLine(entry));
    else printLine(formatEntry(entry, digest));
  }
}

function formatEntry({ name, folder, size, sha256 }: BoardEntry, digest: boolean): string {
  const sum = digest ? `${toPrintable(sha256 ?? "").padEnd(64)} ` : "";
  return `${sum}${String(size).padStart(12)} ${toPrintable(name)}${folder ? "/" : ""}`;
}

/**
 * `get`: to a local file, which is whole or untouched, into a local folder, or to standard output: as it is where a program
 * reads it, made safe where a terminal shows it.
 */
export async function getFile(
  board: RemoteBoard,
  remote: string,
  to: string | undefined,
  options: { readonly json?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const target = openDestination(to, basename(remote));
  const { stream, path } = target;
  const progress = await createProgress("nothing");
  const hash = createHash("sha256");
  const terminal = path === undefined && process.stdout.isTTY ? createOutput() : undefined;
  let failure: Error | undefined;
  stream.on("error", (error) => (failure ??= error));
  try {
    const take = async (bytes: Uint8Array) => {
      hash.update(bytes);
      if (terminal) return terminal.write(bytes);
      await new Promise<void>((resolve, reject) => {
        stream.write(bytes, (error) => (error ? reject((failure ??= error)) : resolve()));
      });
    };
    const size = await board.get(remote, take, {
      signal,
      onProgress(done, total) {
        // A bar would stand in the middle of what the file says.
        if (!terminal) progress.show(basename(remote), done, total);
      },
    });
    if (path !== undefined) {
      await new Promise<void>((resolve) => stream.end(() => resolve()));
      if (failure) throw failure;
      target.finish();
    }
    if (!options.json) return;
    const line = toJsonLine({ file: path ?? "-", size, sha256: hash.digest("hex") });
    // Standard output has the file itself.
    (path === undefined ? process.stderr : process.stdout).write(`${line}\n`);
  } catch (error) {
    if (error !== failure) throw error;
    throw cliErrors.create("cli/local-file", `cannot write ${path}: ${messageOf(error)}`, { cause: error });
  } finally {
    progress.end();
    target.discard();
  }
}

/**
 * `put`: local files, one after the other. Of several words the last says where to: a single file's new name, or its
 * folder, with or without a slash behind it; several files' folder. `-` is standard input, which needs a name.
 */
export async function putFiles(
  board: RemoteBoard,
  words: readonly string[],
  options: { readonly json?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const locals = localsOf(words);
  const remote = words.length > 1 ? words.at(-1) : undefined;
  const folder = locals.length > 1 ? remote?.replace(/\/*$/, "/") : remote;
  for (const local of locals) await putFile(board, local, folder, options, signal);
}

async function putFile(
  board: RemoteBoard,
  local: string,
  remote: string | undefined,
  options: { readonly json?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const isInput = local === "-";
  const own = basename(local);
  let target = remote === undefined ? own : remote.endsWith("/") ? remote + own : remote;
  if (isInput && target !== remote)
    throw cliErrors.create("cli/bad-argument", "what standard input is to be called: put - REMOTE");
  const content = isInput ? new Uint8Array(await buffer(process.stdin)) : readLocal(local);
  const progress = await createProgress("nothing");
  try {
    const put = () =>
      board.put(target, content, { signal, onProgress: (done, total) => progress.show(own, done, total) });
    await put().catch((error: unknown) => {
      if (isInput || target !== remote || !isRefused(error, "board/is-a-folder")) throw error;
      target = `${remote}/${own}`;
      return put();
    });
  } finally {
    progress.end();
  }
  if (options.json) printLine(toJsonLine({ file: target, size: content.length }));
  else {
    if (target !== remote) printLine(`remote: ${toPrintable(target)}`);
    printLine("OK");
  }
}

/** Sees to it that there are files to put, all of them. @throws `cli/local-file` */
export function assertPuttable(words: readonly string[]): void {
  for (const local of localsOf(words)) {
    if (local === "-") continue;
    const there = statSync(local, { throwIfNoEntry: false });
    if (!there) throw cliErrors.create("cli/local-file", `cannot read ${local}: there is no such file`);
    if (there.isDirectory()) {
      throw cliErrors.create(
        "cli/local-file",
        `${local} is a folder: name its files, or put it as a specification says, with \`moteq board sync\``,
      );
    }
  }
}

/** The words of `put` that are files on this side. */
function localsOf(words: readonly string[]): readonly string[] {
  return words.length > 1 ? words.slice(0, -1) : words;
}

/** A local file's bytes. @throws `cli/local-file` */
export function readLocal(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    const why = plainReasons[(cause as NodeJS.ErrnoException).code ?? ""] ?? messageOf(cause);
    throw cliErrors.create("cli/local-file", `cannot read ${path}: ${why}`, { cause });
  }
}

/** The slips that people make, in their words. */
const plainReasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
};

/** An image's bytes. @throws `cli/local-file`, for an empty file too */
export function readImage(path: string): Uint8Array {
  const image = readLocal(path);
  if (image.length > 0) return image;
  throw cliErrors.create("cli/local-file", `${path} is empty: no board could boot that`);
}
