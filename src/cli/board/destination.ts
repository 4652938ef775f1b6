import { createWriteStream, lstatSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf } from "../../base/index.ts";
import { cliErrors } from "../errors.ts";

/** Where the bytes of a fetched file go. */
export interface Destination {
  /** Its path as the caller knows it; `undefined` for standard output. */
  readonly path: string | undefined;
  readonly stream: NodeJS.WritableStream;
  /** Puts the file into its place when all of it is written. @throws `cli/local-file` */
  finish(): void;
  /** Removes what is not in its place. */
  discard(): void;
}

/**
 * Opens a local file for writing, whole or untouched in the end; `-` and nothing are standard output, a folder takes the
 * file under its `name`. A link is written through; a device or a pipe is written to as it comes.
 *
 * @throws `cli/local-file` where a link leads nowhere, or the folder is not there
 */
export function openDestination(to: string | undefined, name: string): Destination {
  if (to === undefined || to === "-")
    return { path: undefined, stream: process.stdout, finish: doNothing, discard: doNothing };
  const path = statSync(to, { throwIfNoEntry: false })?.isDirectory() ? join(to, name) : to;
  const there = statSync(path, { throwIfNoEntry: false });
  if (there && !there.isFile())
    return { path, stream: createWriteStream(path), finish: doNothing, discard: doNothing };
  if (!there && lstatSync(path, { throwIfNoEntry: false })) {
    throw cliErrors.create(
      "cli/local-file",
      `cannot write ${path}: it is a link that leads nowhere; remove it first`,
    );
  }
  const place = there ? realpathSync(path) : path;
  const folder = place.endsWith("/") ? place : dirname(place);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw cliErrors.create("cli/local-file", `cannot write ${path}: there is no folder ${folder}`);
  const beside = `${place}.${process.pid}.part`;
  return {
    path,
    stream: createWriteStream(beside),
    finish() {
      try {
        renameSync(beside, place);
      } catch (cause) {
        throw cliErrors.create("cli/local-file", `cannot write ${path}: ${messageOf(cause)}`, { cause });
      }
    },
    discard: () => rmSync(beside, { force: true }),
  };
}

function doNothing(): void {}
