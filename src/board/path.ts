import { show } from "../base/index.ts";
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

/** What a path is refused with that leads out: `board/outside`. @param path as the caller gave it */
export function outsideError(path: string): Error {
  return boardErrors.create("board/outside", `the path ${show(path)} leads out of the board's root`);
}

/** What a file is called that is not whole yet. @param digest 64 hexadecimal digits that nobody else's has */
export function toPartialName(digest: string): string {
  return `.moteq-${digest.slice(0, 16)}.part`;
}

/** Whether a name is one of a file that is not whole yet. */
export function isPartial(name: string): boolean {
  return partialName.test(name);
}

/** The folder of a path with the slash behind it; empty for the root. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}
