import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { boardCommands, decodeBoardRequest } from "../../src/wire/index.ts";
import { root } from "../house/imports.ts";

const page = readFileSync(join(root, "docs/reference/board.md"), "utf8");
const [, table = ""] = /\| `do` \| fields[^]*?\|---\|---\|---\|\n([^]*?)\n\n/.exec(page) ?? [];
const rows = table.split("\n").map((line) => {
  const [name = "", given = ""] = line.split("|").slice(1, 3);
  const fields = [...(given.split(":")[0] ?? "").matchAll(/`([a-z]\w*\??)`(?=,|:| \|?$|$)/g)].map(
    ([, field = ""]) => field,
  );
  return { command: /`(.*)`/.exec(name)?.[1] ?? "", fields };
});

describe("docs/reference/board.md", () => {
  it("lists every native command, and no other", () => {
    expect(rows.map(({ command }) => command).toSorted()).toEqual(boardCommands.toSorted());
  });

  it.each(rows)("names what $command needs", ({ command, fields }) => {
    const needed = fields.filter((field) => !field.endsWith("?"));
    const values: Record<string, unknown> = {
      size: 1,
      offset: 0,
      number: 1,
      sha256: "0".repeat(64),
      mode: "normal",
    };
    const request = Object.fromEntries(needed.map((field) => [field, values[field] ?? "x"]));
    expect(decodeBoardRequest(JSON.stringify({ do: command, ...request }))).not.toHaveProperty("fault");
    for (const field of needed) {
      const { [field]: _left, ...rest } = request;
      expect(decodeBoardRequest(JSON.stringify({ do: command, ...rest }))).toHaveProperty("fault");
    }
  });
});
