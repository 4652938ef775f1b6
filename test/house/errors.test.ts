import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ErrorEntry } from "../../src/base/index.ts";
import { readImports, root, roomOf, source } from "./imports.ts";

/** All tables of error codes: each room exports its own as `…Errors`. */
async function readTables(): Promise<Map<string, ErrorEntry>> {
  const built = new Set(readImports().map(({ from }) => roomOf(from)));
  const codes = new Map<string, ErrorEntry>();
  for (const room of built) {
    // The command line has no door; its errors are in a file of their own.
    const file = room === "cli" ? "errors.ts" : "index.ts";
    const module = (await import(join(source, room, file))) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) {
      if (!name.endsWith("Errors") || typeof value !== "object" || value === null || !("table" in value))
        continue;
      const meanings = (module[`${name.slice(0, -1)}Meanings`] ?? {}) as Record<string, string>;
      for (const [code, entry] of Object.entries(value.table as Record<string, ErrorEntry>))
        codes.set(code, { meaning: meanings[code] ?? "", ...entry });
    }
  }
  return codes;
}

describe("docs/reference/errors.md", () => {
  it("lists every code with its fault and meaning, and no other", async () => {
    const codes = await readTables();
    const documented = readFileSync(join(root, "docs/reference/errors.md"), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    const expected = [...codes]
      .map(([code, { fault, meaning }]) => `| \`${code}\` | ${fault} | ${meaning} |`)
      .toSorted();
    expect(documented.toSorted()).toEqual(expected);
    expect(expected.length).toBeGreaterThan(10);
  });
});
