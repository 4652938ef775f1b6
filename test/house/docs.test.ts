import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./imports.ts";

/** Pages that show an example whole, and the example. */
const shown = [
  ["docs/guide/board-machine.md", "examples/board/board.yaml", "yaml"],
  ["docs/guide/board-machine.md", "examples/board/blink.mjs", "js"],
  ["docs/guide/board-machine.md", "examples/board/image.mjs", "js"],
  ["docs/guide/board-machine.md", "examples/board/moteq-board.service", "ini"],
  ["docs/guide/climate.md", "examples/climate/main.ts", "ts"],
  ["docs/guide/flow.md", "examples/light-to-mqtt.ts", "ts"],
  ["docs/guide/link.md", "examples/link-host.ts", "ts"],
  ["docs/guide/mqtt-client.md", "examples/mqtt-client.ts", "ts"],
  ["docs/guide/virtual-world.md", "examples/virtual-night.ts", "ts"],
] as const;

const pages = ["README.md", "CONTRIBUTING.md", "examples/README.md"].concat(
  readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
);

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

describe("the pages", () => {
  it.each(shown)("of %s show %s as it is", (page, example, language) => {
    const blocks = [...read(page).matchAll(/```(\w+)\n([^]*?)```/g)];
    expect(blocks.map(([, tag, text]) => [tag, text])).toContainEqual([language, read(example)]);
  });

  it("link only to what is there", () => {
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
        .map(([, target = ""]) => target)
        .filter((target) => !target.includes(":") && !existsSync(join(root, dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it("are reached from the README, each guide and reference", () => {
    const readme = read("README.md");
    const missing = pages.filter(
      (page) => /^docs\/(guide|reference)\//.test(page) && !readme.includes(relative(".", page)),
    );
    expect(missing).toEqual([]);
  });

  it("keep the README under 150 lines", () => {
    expect(read("README.md").split("\n").length).toBeLessThan(150);
  });

  it("and the sources name no machine's paths and no registry", () => {
    const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
      cwd: root,
      encoding: "utf8",
    })
      .split("\n")
      .filter((name) => /\.(ts|js|md|json|py|ya?ml)$/.test(name) && name !== "test/house/docs.test.ts");
    const telling = files.filter(
      (name) => existsSync(join(root, name)) && /\/(work|home|root)\/[a-z]|registry\.npmjs/.test(read(name)),
    );
    expect(telling).toEqual([]);
  });
});
