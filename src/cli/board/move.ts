import type { RemoteBoard } from "../../remote/index.ts";
import { cliErrors } from "../errors.ts";
import { findEntry, namesOf, refusal } from "./entry.ts";

/**
 * `mv`: renames a file or folder, or moves it into a folder that is there. It is found out before anything is done, since
 * what a board does when something is in the way depends on its file system.
 *
 * @returns its new path
 * @throws `cli/bad-argument`, `remote/refused`
 */
export async function moveEntry(
  board: RemoteBoard,
  from: string,
  to: string,
  { force = false }: { readonly force?: boolean },
  signal: AbortSignal,
): Promise<string> {
  const own = namesOf(from).at(-1);
  if (own === undefined) throw cliErrors.create("cli/bad-argument", "the board's root cannot be moved");
  if (!(await findEntry(board, from, signal))) {
    throw refusal("board/not-found", `${from}: no such file or folder`);
  }
  const kind = await findEntry(board, to, signal);
  if (to.endsWith("/") && kind === undefined) throw refusal("board/not-found", `there is no folder ${to}`);
  if (to.endsWith("/") && kind === "file") throw refusal("board/not-a-folder", `${to} is a file`);
  const target = kind === "folder" ? `${to.replace(/\/+$/, "")}/${own}` : to;
  assertElsewhere(from, target);
  const there = kind === "folder" ? await findEntry(board, target, signal) : kind;
  if (there === "folder") throw refusal("board/exists", `${target} is a folder that is there already`);
  if (there === "file" && !force) {
    throw refusal("board/exists", `${target} is there already; --force replaces it`);
  }
  await board.rename(from, target, { signal });
  return target;
}

/** A board with mqrepl would remove a file that is renamed to itself. */
function assertElsewhere(from: string, target: string): void {
  const [names, targetNames] = [namesOf(from), namesOf(target)];
  if (names.some((name, depth) => name !== targetNames[depth])) return;
  const what =
    names.length === targetNames.length ? `${from} is there already` : `${from} cannot be moved into itself`;
  throw cliErrors.create("cli/bad-argument", `${what}: the target is ${target}`);
}
