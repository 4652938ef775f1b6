import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { settings } from "../../src/hub/config-environment.ts";
import { root } from "../house/imports.ts";

const page = readFileSync(join(root, "docs/reference/configuration.md"), "utf8");

/** Every row of the tables: its keys and its default. */
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => {
    const [keys = "", byDefault = ""] = line.split("|").slice(1, 3);
    return {
      keys: [...keys.matchAll(/`([^`]+)`/g)].map(([, key]) => key ?? ""),
      byDefault: byDefault.trim(),
    };
  });

describe("docs/reference/configuration.md", () => {
  it("lists every key, and no other", () => {
    const documented = rows.flatMap(({ keys }) => keys).filter((key) => !key.startsWith("nodes."));
    const topics = /^gateway\.(pub_all|errors|status|statreq)\.(topic|retain|qos)$/;
    const known = settings.map(({ path }) => path.join(".")).map((key) => key.replace(topics, "gateway.$1"));
    expect(new Set(documented)).toEqual(new Set(known));
  });

  it("says the defaults that hold", async () => {
    const { loadConfig } = await import("../../src/hub/index.ts");
    const config: unknown = loadConfig({ environment: {} });
    for (const { keys, byDefault } of rows.filter(({ keys: [key] }) => !key?.startsWith("nodes."))) {
      const literal = /^`([^`]+)`$/.exec(byDefault)?.[1];
      if (literal === undefined) continue;
      for (const key of keys) {
        const value = key
          .split(".")
          .reduce<unknown>((tree, part) => (tree as Record<string, unknown>)[part], config);
        expect([key, value]).toEqual([
          key,
          parse(literal, { intAsBigInt: false, schema: "core" }) ?? literal,
        ]);
      }
    }
  });
});
