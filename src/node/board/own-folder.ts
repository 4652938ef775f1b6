import { lstatSync, mkdirSync, renameSync, rmSync } from "node:fs";

/**
 * Makes a folder of the board's own; a file or a dead link in its way is put aside as `.aside`, in place of the one before.
 *
 * @returns whether one was
 */
export function makeOwnFolder(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true });
    return false;
  } catch (error) {
    if (!lstatSync(path, { throwIfNoEntry: false })) throw error;
    const aside = `${path}.aside`;
    rmSync(aside, { recursive: true, force: true });
    renameSync(path, aside);
    mkdirSync(path);
    return true;
  }
}
