import { messageOf } from "../../base/index.ts";
import { type BoardErrorCode, boardErrors } from "../../board/index.ts";

const codes: Readonly<Record<string, readonly [BoardErrorCode, string]>> = {
  ENOENT: ["board/not-found", "no such file or folder"],
  EEXIST: ["board/exists", "it is there already"],
  ENOTDIR: ["board/not-a-folder", "it is, or leads through, something that is no folder"],
  EISDIR: ["board/is-a-folder", "it is a folder"],
  ENOTEMPTY: ["board/not-empty", "the folder is not empty"],
  ENOSPC: ["board/full", "the disk is full"],
  EDQUOT: ["board/full", "the quota is used up"],
  EFBIG: ["board/full", "the file would be larger than may be"],
  EINVAL: ["board/bad-command", "a folder cannot be moved into itself, or the name is none"],
};

/** The system's code, as `ENOENT`; empty if it is no error of the system. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "";
}

/**
 * Does work on files; what the system refuses comes out as a `board/…` error.
 *
 * @param path what the error names
 */
export async function guardFiles<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toBoardError(error, path);
  }
}

function toBoardError(error: unknown, path: string): unknown {
  if (boardErrors.is(error)) return error;
  // The system's own words end in where the file is on the machine, which is nobody's business out there.
  const words = messageOf(error).replace(/, \w+ '.*$/s, "");
  const [code, text] = codes[codeOf(error)] ?? (["board/files", words] as const);
  return boardErrors.create(code, `${path === "" ? "/" : path}: ${text}`, { cause: error });
}
