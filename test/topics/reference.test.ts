import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../house/imports.ts";

const page = readFileSync(join(root, "docs/reference/topics.md"), "utf8");
const map = readFileSync(join(root, "src/topics/topic-map.ts"), "utf8");

const requests = readFileSync(join(root, "src/topics/requests.ts"), "utf8");

/** The keys of an interface of the topic map. */
function keysOf(name: string, file = map): string[] {
  const [, body = ""] = new RegExp(`interface ${name}(?: extends \\w+)? \\{([^]*?)\\n\\}`).exec(file) ?? [];
  return [...body.matchAll(/^ {2}readonly "?([\w/]*)"?\??:/gm)].map(([, key = ""]) => key);
}

describe("docs/reference/topics.md", () => {
  it("lists every topic of the map, and no other", () => {
    const documented = [...page.matchAll(/^\| `moteq\/(bridge\/\w+)` \|/gm)].map(([, tail = ""]) => tail);
    expect(documented.toSorted()).toEqual(keysOf("BridgeTopics").toSorted());
    expect(documented.length).toBeGreaterThan(2);
  });

  it("lists every topic of a node, and no other", () => {
    const documented = [...page.matchAll(/^\| `moteq\/<node>\/?(\w*)` \|/gm)].map(([, tail = ""]) => tail);
    expect(documented.toSorted()).toEqual(keysOf("NodeTopics").toSorted());
  });

  it("lists every request, and no other", () => {
    const [, section = ""] = page.split("## Requests");
    const documented = [...section.matchAll(/^\| `([\w/]+)` \|/gm)].map(([, name = ""]) => name);
    expect(documented.toSorted()).toEqual(keysOf("BridgeRequests", requests).toSorted());
    expect(documented.length).toBeGreaterThan(4);
  });

  it("lists every key of a node", () => {
    const [nodes = ""] = page.split("## Of a node");
    const documented = [...nodes.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, key]) => key ?? "");
    const node = [...keysOf("NodePresence"), ...keysOf("BridgeNode")].filter((key) => key !== "counters");
    const counters = keysOf("BridgeNodeCounters").map((key) => `counters.${key}`);
    expect(documented).toEqual(expect.arrayContaining([...node, ...counters]));
    expect(documented.filter((key) => !key.startsWith("gw_") && key !== "allnodes").toSorted()).toEqual(
      [...node, ...counters].toSorted(),
    );
  });
});
