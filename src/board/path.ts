import { encodeUtf8, show, toHex } from "../base/index.ts";
import { boardErrors } from "./errors.ts";

/** What begins the name of a file that is not whole yet; such names are the agent's own. */
const partialName = /^\.moteq-(put-)?[0-9a-f]{16}\.part$/;

/**
 * A path as a caller gave it, as names below the board's root with `/` between; empty for the root itself. Absolute and
 * relative paths mean the same.
 *
 * @throws `board/outside` where `..` leads out, `board/bad-command` where it cannot be a path
 */
export function toBoardPath(given: string): string {
  if (given.includes("\0")) throw boardErrors.create("board/bad-command", "a path holds a NUL");
  if (given.length > 4000)
    throw boardErrors.create("board/bad-command", "a path is longer than 4000 characters");
  const names: string[] = [];
  for (const name of given.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") names.push(name);
    else if (names.pop() === undefined) throw outsideError(given);
  }
  if (isPartial(names.at(-1) ?? "")) {
    throw boardErrors.create("board/bad-command", `${show(given)} is a name of the board's own`);
  }
  return names.join("/");
}

export function outsideError(path: string): Error {
  return boardErrors.create("board/outside", `the path ${show(path)} leads out of the board's root`);
}

/** Where a file waits that is to become `path` and is not whole yet: beside it, named by what it is to be. */
export function toPartialPath(path: string, sha256: string): string {
  return `${folderOf(path)}.moteq-${sha256.slice(0, 16)}.part`;
}

/** Where a file waits that the original program puts: under the command's id, since its digest is not known. */
export function toClassicPartialPath(path: string, id: string): string {
  const name = toHex(encodeUtf8(id)).padEnd(16, "0").slice(0, 16);
  return `${folderOf(path)}.moteq-put-${name}.part`;
}

/** Whether a name is one of a file that is not whole yet. */
export function isPartial(name: string): boolean {
  return partialName.test(name);
}

/** Whether a name is one of a file that may be gone on with, if somebody comes with the same digest. */
export function isTransferPartial(name: string): boolean {
  return isPartial(name) && !name.startsWith(".moteq-put-");
}

/** The folder of a path with the slash behind it; empty for the root. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}
