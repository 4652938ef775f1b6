import { decodeUtf8 } from "../base/index.ts";
import type { BoardEntry } from "../wire/index.ts";
import { badAnswer, remoteErrors } from "./errors.ts";
import { entriesAtOnce, listSource, parseEntries } from "./python.ts";

/** How deep folders are listed: links may make a circle. */
const deepestFolder = 32;
/** The most entries of a listing, of all its folders, and of all their names with the folders before them in characters. */
const mostEntries = 100_000;
const mostCharacters = 16 * 1024 * 1024;

/** What a listing asks of a board. */
export interface Listed {
  /** Evaluates a source, and gives back what it prints. */
  ask(source: string): Promise<string>;
  /** A file's SHA-256. */
  digest(path: string): Promise<string>;
}

/**
 * The entries of a folder of a board that runs mqrepl, some at a time; those of folders below it too if `recursive`, by name.
 * One that never ends must not fill this side's memory.
 *
 * @throws `remote/bad-answer`, `remote/too-long`, and what asking throws
 */
export async function listByEvaluation(
  board: Listed,
  path: string,
  { recursive = false, digest = false }: { readonly recursive?: boolean; readonly digest?: boolean },
): Promise<BoardEntry[]> {
  const found: BoardEntry[] = [];
  let characters = 0;
  const take = (entry: BoardEntry) => {
    characters += entry.name.length;
    if (found.push(entry) <= mostEntries && characters <= mostCharacters) return;
    const message = `the board's listing has more than ${mostEntries} entries, or ${mostCharacters} characters of names`;
    throw remoteErrors.create("remote/too-long", message, { detail: { mostEntries, mostCharacters } });
  };
  const list = async (folder: string, prefix: string, depth: number) => {
    for (let from = 0; ; from += entriesAtOnce) {
      const answer = await board.ask(listSource(folder, from));
      const entries = parseEntries(answer);
      if (!entries || entries.length > entriesAtOnce) throw badAnswer("a folder's entries", answer);
      for (const { name: bytes, folder: isFolder, size } of entries) {
        const name = decodeUtf8(bytes) ?? bytesAsText(bytes);
        const whole = `${folder}${folder === "" || folder.endsWith("/") ? "" : "/"}${name}`;
        const sha256 = digest && !isFolder ? { sha256: await board.digest(whole) } : {};
        take({ name: prefix + name, folder: isFolder, size: isFolder ? 0 : size, ...sha256 });
        if (isFolder && recursive && depth < deepestFolder) await list(whole, `${prefix}${name}/`, depth + 1);
      }
      if (entries.length < entriesAtOnce) break;
    }
  };
  await list(path, "", 0);
  return found.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

/** A name that is no UTF-8, byte by character: it can be shown, not asked for. */
function bytesAsText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
