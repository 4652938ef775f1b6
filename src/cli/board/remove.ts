import { type RemoteBoard, remoteErrors } from "../../remote/index.ts";
import { cliErrors } from "../errors.ts";
import { findEntry, namesOf, refusal } from "./entry.ts";

/**
 * `rm -r`: removes a file, or a folder with all that is in it. A link is removed, and what it leads to is left.
 *
 * @throws `cli/bad-argument` for the root, `remote/refused`
 */
export async function removeTree(board: RemoteBoard, path: string, signal: AbortSignal): Promise<void> {
  const names = namesOf(path);
  if (names.length === 0) throw cliErrors.create("cli/bad-argument", "rm does not remove the board's root");
  const kind = await findEntry(board, path, signal);
  if (!kind) throw refusal("board/not-found", `${path}: no such file or folder`);
  await removeEntry(board, (path.startsWith("/") ? "/" : "") + names.join("/"), kind === "folder", signal);
}

async function removeEntry(
  board: RemoteBoard,
  path: string,
  isFolder: boolean,
  signal: AbortSignal,
): Promise<void> {
  try {
    // A link to a folder is listed as a folder, and goes as a file does; a folder that is one does not.
    await board.remove(path, { signal });
    return;
  } catch (error) {
    if (!isFolder || !remoteErrors.is(error, "remote/refused")) throw error;
  }
  for (const { name, folder } of await board.list(path, { signal }))
    await removeEntry(board, `${path}/${name}`, folder, signal);
  await board.removeFolder(path, { signal });
}
