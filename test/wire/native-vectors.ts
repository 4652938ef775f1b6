import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../house/imports.ts";

/** The table of vectors on the page. */
export function readVectors(): Record<string, string> {
  const [, section = ""] = readFileSync(join(root, "docs/reference/native.md"), "utf8").split("## Vectors");
  const rows = [...section.matchAll(/^\| ([^|]+) \| `([0-9a-f ]+)` \|$/gm)];
  return Object.fromEntries(rows.map(([, name = "", hex = ""]) => [name, hex.replaceAll(" ", "")]));
}
