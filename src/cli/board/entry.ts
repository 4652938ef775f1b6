import type { MoteqError } from "../../base/index.ts";
import { type RemoteBoard, remoteErrors } from "../../remote/index.ts";

/** The names that a board's path is made of, from its root; `..` takes one away. */
export function namesOf(path: string): string[] {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return names;
}

/** What is at a path of a board: `undefined` is nothing. Links count as the board lists them. */
export async function findEntry(
  board: RemoteBoard,
  path: string,
  signal: AbortSignal,
): Promise<"file" | "folder" | undefined> {
  const names = namesOf(path);
  const own = names.pop();
  if (own === undefined) return "folder";
  const entries = await board.list((path.startsWith("/") ? "/" : "") + names.join("/"), { signal });
  const found = entries.find(({ name }) => name === own);
  return found && (found.folder ? "folder" : "file");
}

/** What a board would say itself, for boards that would not, or too late. */
export function refusal(code: `board/${string}`, text: string): MoteqError {
  return remoteErrors.create("remote/refused", text, { detail: { code, text } });
}

/** Whether an error is a board's refusal with this code. */
export function isRefused(error: unknown, code: string): boolean {
  return remoteErrors.is(error, "remote/refused") && error.detail["code"] === code;
}
