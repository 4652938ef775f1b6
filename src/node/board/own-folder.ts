import { lstatSync, mkdirSync, renameSync } from "node:fs";

/** Makes a folder of the board's own; a file or a dead link in its way is put aside as `.aside`. @returns whether one was */
export function makeOwnFolder(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true });
    return false;
  } catch (error) {
    if (!lstatSync(path, { throwIfNoEntry: false })) throw error;
    renameSync(path, `${path}.aside`);
    mkdirSync(path);
    return true;
  }
}
