import { type RemoteBoard, remoteErrors } from "../../remote/index.ts";
import { cliErrors } from "../errors.ts";
import { isRefused, namesOf, refusal } from "./entry.ts";

/** So deep folders are removed, as boards list them: one that invents them must not keep this side going for ever. */
const deepestFolder = 32;

/** `rm`: removes a file. @throws `remote/refused`, for a folder with what removes one */
export async function removeFile(board: RemoteBoard, path: string, signal: AbortSignal): Promise<void> {
  await board.remove(path, { signal }).catch((error: unknown) => {
    if (!isRefused(error, "board/is-a-folder")) throw error;
    const what = `${path} is a folder: rm -r removes it with all that is in it, rmdir an empty one`;
    throw refusal("board/is-a-folder", what);
  });
}

/**
 * `rm -r`: removes a file, or a folder with all that is in it. A link is removed, and what it leads to is left.
 *
 * @throws `cli/bad-argument` for the root, `remote/refused`
 */
export async function removeTree(board: RemoteBoard, path: string, signal: AbortSignal): Promise<void> {
  const names = namesOf(path);
  if (names.length === 0) throw cliErrors.create("cli/bad-argument", "rm does not remove the board's root");
  await removeEntry(board, (path.startsWith("/") ? "/" : "") + names.join("/"), signal, 0);
}

async function removeEntry(
  board: RemoteBoard,
  path: string,
  signal: AbortSignal,
  depth: number,
): Promise<void> {
  let refused: unknown;
  try {
    // A link to a folder goes as a file does; a folder does not.
    await board.remove(path, { signal });
    return;
  } catch (error) {
    refused = error;
  }
  if (!mayBeFolder(board, refused)) throw refused;
  if (depth >= deepestFolder) {
    throw refusal(
      "board/is-a-folder",
      `${path} lies more than ${deepestFolder} folders deep: rm -r it first`,
    );
  }
  const entries = await board.list(path, { signal }).catch((error: unknown) => {
    throw remoteErrors.is(error, "remote/refused") ? refused : error;
  });
  for (const { name } of entries) await removeEntry(board, `${path}/${name}`, signal, depth + 1);
  await board.removeFolder(path, { signal });
}

/**
 * Whether it was refused because it is a folder. Ours say so, and no more is removed for another reason: it may be a link
 * that cannot be removed, and leads to what is not to be. What mqrepl says depends on the file system.
 */
function mayBeFolder({ dialect }: RemoteBoard, refused: unknown): boolean {
  return dialect === "native"
    ? isRefused(refused, "board/is-a-folder")
    : remoteErrors.is(refused, "remote/refused");
}
