import { statfsSync } from "node:fs";
import { defineErrors, messageOf, type MoteqError } from "../../base/index.ts";

/** The errors of what is kept on disk; `docs/reference/errors.md` explains them. */
export const storeErrors = defineErrors({
  "store/in-use": {
    fault: "place",
    meaning: "Another moteq has the folder of the store. End that one, or name another folder.",
  },
  "store/cannot-open": {
    fault: "place",
    meaning: "The folder of the store cannot be made, read or written.",
  },
  "store/shared": {
    fault: "caller",
    meaning:
      "Two clients use one store at the same time. Open a store of its own, in a folder of its own, for each.",
  },
  "store/closed": {
    fault: "caller",
    meaning: "The store was used before it was opened, or after it was closed.",
  },
});

/** With less, in bytes, SQLite cannot begin, and says nothing but that. */
const leastRoom = 262_144;

export function cannotOpen(folder: string, cause: unknown, room = roomAt(folder)): MoteqError {
  const why =
    room < leastRoom ? `${messageOf(cause)}: the disk is full, ${room} bytes are free` : messageOf(cause);
  const message = `the store in ${folder} cannot be opened: ${why}`;
  return storeErrors.create("store/cannot-open", message, { cause });
}

/** How many bytes are free where a folder is. */
function roomAt(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

export function storeInUse(folder: string): MoteqError {
  return storeErrors.create("store/in-use", `the store in ${folder} is in use: another moteq has it`);
}
