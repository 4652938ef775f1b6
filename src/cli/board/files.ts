import { createHash } from "node:crypto";
import { createWriteStream, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { messageOf } from "../../base/index.ts";
import { type RemoteBoard, remoteErrors } from "../../remote/index.ts";
import type { BoardEntry } from "../../wire/index.ts";
import { cliErrors } from "../errors.ts";
import { printLine, toJsonLine, toPrintable } from "../output.ts";
import { createProgress } from "../progress.ts";

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
  const sum = digest ? `${(sha256 ?? "").padEnd(64)} ` : "";
  return `${sum}${String(size).padStart(12)} ${toPrintable(name)}${folder ? "/" : ""}`;
}

/** `get`: to a local file, which is whole or untouched, into a local folder, or to standard output. */
export async function getFile(
  board: RemoteBoard,
  remote: string,
  to: string | undefined,
  options: { readonly json?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const local = to !== undefined && isFolder(to) ? join(to, basename(remote)) : to;
  const progress = await createProgress("nothing");
  const beside = local === undefined ? undefined : `${local}.${process.pid}.part`;
  const hash = createHash("sha256");
  const target = beside === undefined ? process.stdout : createWriteStream(beside);
  let failure: Error | undefined;
  target.on("error", (error) => (failure ??= error));
  try {
    const take = async (bytes: Uint8Array) => {
      hash.update(bytes);
      await new Promise<void>((resolve, reject) => {
        target.write(bytes, (error) => (error ? reject((failure ??= error)) : resolve()));
      });
    };
    const size = await board.get(remote, take, {
      signal,
      onProgress: (done, total) => progress.show(basename(remote), done, total),
    });
    if (beside !== undefined && local !== undefined) {
      await new Promise<void>((resolve) => target.end(() => resolve()));
      if (failure) throw failure;
      putInPlace(beside, local);
      if (options.json) printLine(toJsonLine({ file: local, size, sha256: hash.digest("hex") }));
    }
  } catch (error) {
    if (error !== failure) throw error;
    throw cliErrors.create("cli/local-file", `cannot write ${local}: ${messageOf(error)}`, { cause: error });
  } finally {
    progress.end();
    if (beside !== undefined) rmSync(beside, { force: true });
  }
}

/** `put`: a local file, under its own name if none is given, or if that is a folder, with or without a slash behind it. */
export async function putFile(
  board: RemoteBoard,
  local: string,
  remote: string | undefined,
  options: { readonly json?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const content = readLocal(local);
  const own = basename(local);
  let target = remote === undefined ? own : remote.endsWith("/") ? remote + own : remote;
  const progress = await createProgress("nothing");
  try {
    const put = () =>
      board.put(target, content, { signal, onProgress: (done, total) => progress.show(own, done, total) });
    await put().catch((error: unknown) => {
      if (target !== remote || !isRefused(error, "board/is-a-folder")) throw error;
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

/** Whether an error is a board's refusal with this code. */
export function isRefused(error: unknown, code: string): boolean {
  return remoteErrors.is(error, "remote/refused") && error.detail["code"] === code;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function putInPlace(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (cause) {
    throw cliErrors.create("cli/local-file", `cannot write ${to}: ${messageOf(cause)}`, { cause });
  }
}

/** A local file's bytes. @throws `cli/local-file` */
export function readLocal(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    throw cliErrors.create("cli/local-file", `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}
