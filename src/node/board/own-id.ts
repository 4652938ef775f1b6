import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeWhole } from "./whole-file.ts";

/**
 * Eight hexadecimal digits that tell a board from others with the same prefix: made once, and kept in its data folder. At
 * the broker two with one id would take the connection from each other for ever, and neither would hear the other.
 */
export function ownIdOf(data: string): string {
  const path = join(data, "id");
  try {
    const kept = readFileSync(path, "utf8").trim();
    if (/^[0-9a-f]{8}$/.test(kept)) return kept;
  } catch {
    // It is the first start.
  }
  const made = randomBytes(4).toString("hex");
  try {
    mkdirSync(data, { recursive: true });
    writeWhole(path, made);
    return made;
  } catch {
    // Where nothing can be kept it still has to be the same at each start: the broker knows the last connection by it.
    return createHash("sha256").update(`${hostname()}\0${data}`).digest("hex").slice(0, 8);
  }
}
