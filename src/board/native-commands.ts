import { fromHex } from "../base/index.ts";
import {
  type BoardEntry,
  type BoardInfo,
  type BoardRequest,
  type PartsProgress,
  toImageMessage,
} from "../wire/index.ts";
import type { Answer } from "./answer.ts";
import { boardErrors, emptyImageError } from "./errors.ts";
import type { Guard } from "./guard.ts";
import type { BoardLog } from "./log.ts";
import { isPartial, toBoardPath } from "./path.ts";
import type { BoardFiles, CrashStore, Keeper, Repl } from "./platform.ts";
import type { Partials } from "./partials.ts";
import type { Transfers } from "./transfers.ts";
import type { Cryptography } from "../base/index.ts";

/** How deep folders are listed. */
const deepestFolder = 32;
/** How much of a file is digested at once, in bytes. */
const digestBytes = 262_144;
/** The most bytes of a file in one answer. */
const mostAtOnce = 1_048_576;

/** What native commands are done with. */
export interface NativeServices {
  readonly files: BoardFiles;
  readonly repl: Repl;
  readonly keeper: Keeper;
  readonly crashes: CrashStore;
  readonly log: BoardLog;
  readonly guard: Guard;
  readonly transfers: Transfers;
  readonly partials: Partials;
  readonly cryptography: Cryptography;
  info(): BoardInfo;
}

/** Does one native command. What it throws is the answer. */
export async function doNative(
  services: NativeServices,
  request: BoardRequest,
  answer: Answer,
): Promise<void> {
  const { files, repl, keeper, crashes, log } = services;
  switch (request.do) {
    case "info":
      answer.end(JSON.stringify(services.info()));
      return;
    case "eval": {
      const value = repl.evaluate(request.source, (text) => answer.write(text), answer.failed);
      answer.end((value instanceof Promise ? await value : value) ?? "");
      return;
    }
    case "complete":
      answer.end(JSON.stringify((await repl.complete(request.text)).slice(0, 100)));
      return;
    case "list":
      await list(services, answer, toBoardPath(request.path), "", request, 0);
      answer.end();
      return;
    case "digest": {
      const path = toBoardPath(request.path);
      answer.end(JSON.stringify(await digest(services, path)));
      return;
    }
    case "get":
      if (request.size > mostAtOnce) {
        throw boardErrors.create(
          "board/too-long",
          `get gives at most ${mostAtOnce} bytes at once, ${request.size} were asked for`,
        );
      }
      answer.end(await files.read(toBoardPath(request.path), request.offset, request.size));
      return;
    case "make":
      await makeFolder(files, toBoardPath(request.path), request.parents ?? false);
      answer.end();
      return;
    case "remove": {
      const path = toBoardPath(request.path);
      if (path === "") throw boardErrors.create("board/bad-command", "the root is not removed");
      if (request.folder) await removeFolder(services, path);
      else await files.remove(path);
      answer.end();
      return;
    }
    case "rename":
      await files.rename(toBoardPath(request.path), toBoardPath(request.to));
      answer.end();
      return;
    case "put":
      await services.transfers.put(answer, toBoardPath(request.path), request.size, request.sha256);
      return;
    case "update":
      await update(services, answer, request);
      return;
    case "reset":
      // The answer goes out first; the keeper gives it the time.
      answer.end();
      keeper.reset(request.mode);
      return;
    case "log":
      for (const line of log.recent(request.lines ?? 1000)) {
        answer.write(`${line}\n`);
        await answer.drained();
      }
      answer.end();
      return;
    case "log-level":
      if (request.console !== undefined) log.levels.console = request.console;
      if (request.mqtt !== undefined) log.levels.mqtt = request.mqtt;
      answer.end();
      return;
    case "crashes":
      answer.end((await crashes.list()).map((crash) => `${JSON.stringify(crash)}\n`).join(""));
      return;
    case "crash": {
      const crash = await crashes.get(request.number);
      if (!crash) throw boardErrors.create("board/not-found", `there is no crash ${request.number}`);
      answer.end(JSON.stringify(crash));
      return;
    }
    case "clear-crashes":
      await crashes.clear();
      answer.end();
  }
}

/** Lists a folder, a line of JSON for each entry, in the order of names. */
async function list(
  services: NativeServices,
  answer: Answer,
  path: string,
  prefix: string,
  request: { readonly recursive?: boolean; readonly digest?: boolean },
  depth: number,
): Promise<void> {
  const entries = await services.files.list(path);
  for (const { name, folder, size, link } of entries.toSorted((one, other) =>
    one.name < other.name ? -1 : 1,
  )) {
    if (isPartial(name)) continue;
    const below = path === "" ? name : `${path}/${name}`;
    // A file may be gone, or lead out by a link; the others are listed all the same.
    const sum = request.digest && !folder ? await digest(services, below).catch(() => {}) : undefined;
    const entry: BoardEntry = { name: prefix + name, folder, size, ...(sum ? { sha256: sum.sha256 } : {}) };
    answer.write(`${JSON.stringify(entry)}\n`);
    await answer.drained();
    // Links may lead in circles; what they lead to is listed where it is.
    if (folder && !link && request.recursive && depth < deepestFolder) {
      await list(services, answer, below, `${prefix}${name}/`, request, depth + 1).catch((error: unknown) => {
        // It may have gone meanwhile, or its name may be no UTF-8.
        if (!boardErrors.is(error, "board/outside") && !boardErrors.is(error, "board/not-found")) throw error;
      });
    }
  }
}

async function digest(services: NativeServices, path: string): Promise<{ size: number; sha256: string }> {
  const { files, cryptography } = services;
  const hash = cryptography.createSha256();
  let size = 0;
  for (;;) {
    const bytes = await files.read(path, size, digestBytes);
    hash.update(bytes);
    size += bytes.length;
    if (bytes.length < digestBytes) return { size, sha256: hash.hex() };
  }
}

async function makeFolder(files: BoardFiles, path: string, parents: boolean): Promise<void> {
  if (!parents) {
    await files.makeFolder(path);
    return;
  }
  const names = path.split("/");
  for (let depth = 1; depth <= names.length; depth++) {
    const folder = names.slice(0, depth).join("/");
    if (!(await files.stat(folder))?.folder) await files.makeFolder(folder);
  }
}

/** What earlier attempts left in a folder, and nobody sees, does not keep it from being removed. */
async function removeFolder({ files, partials }: NativeServices, path: string): Promise<void> {
  const entries = await files.list(path);
  if (entries.length > 0 && entries.every(({ name }) => isPartial(name))) await partials.sweep(`${path}/`);
  await files.removeFolder(path);
}

async function update(
  { guard, transfers, keeper }: NativeServices,
  answer: Answer,
  request: BoardRequest & { readonly do: "update" },
): Promise<void> {
  const { size, sha256, signature = null, boot = false } = request;
  if (size === 0) throw emptyImageError();
  if (await keeper.keepImage(sha256)) {
    // It arrived, was booted, and the news of it got lost: nothing is to be sent.
    answer.end(JSON.stringify({ have: size, done: true } satisfies PartsProgress));
    return;
  }
  const sum = fromHex(sha256) ?? new Uint8Array();
  guard.assertImageSignature(toImageMessage(sum), signature === null ? undefined : fromHex(signature));
  await transfers.update(answer, { size, sha256, signature }, () => {
    if (boot) keeper.reset("normal");
  });
}
