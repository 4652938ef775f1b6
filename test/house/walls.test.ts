import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findCycles, importsOf, listFiles, readImports, roomOf, root, source } from "./imports.ts";
import { rooms } from "./rooms.ts";

const imports = readImports();

/** What an import breaks, in words; `undefined` where it is allowed. */
function faultOf({ from, to, kind }: (typeof imports)[number]): string | undefined {
  const room = rooms[roomOf(from)];
  if (!room) return `${from} is in no room of the drawing`;
  if (kind === "node") return room.node ? undefined : `${from} imports ${to}, but its room is portable`;
  if (kind === "package") {
    return room.packages?.includes(to) ? undefined : `${from} imports ${to}, which its room may not use`;
  }
  const [fromRoom, toRoom] = [roomOf(from), roomOf(to)];
  if (fromRoom === toRoom) return undefined;
  const target = rooms[toRoom];
  if (!target || target.floor >= room.floor)
    return `${from} imports ${to}: ${toRoom} is not below ${fromRoom}`;
  if (!to.endsWith("/index.ts")) return `${from} imports ${to}: use ${toRoom}/index.ts`;
  return undefined;
}

describe("the walls", () => {
  it("stand: every import goes down, by the door", () => {
    expect(imports.map((one) => faultOf(one)).filter(Boolean)).toEqual([]);
  });

  it("know no cycles", () => {
    expect(findCycles(imports)).toEqual([]);
  });

  it("enclose every folder of src, and the drawing has no room that is not there", () => {
    const folders = readdirSync(source).filter((name) => statSync(join(source, name)).isDirectory());
    expect(folders.toSorted()).toEqual(Object.keys(rooms).toSorted());
  });

  it("have a sign on every room", () => {
    const without = Object.keys(rooms).filter((room) => !existsSync(join(source, room, "README.md")));
    expect(without).toEqual([]);
  });

  it("show all rooms in the README", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    expect(Object.keys(rooms).filter((room) => !readme.includes(`${room}/`))).toEqual([]);
  });

  it("would be seen to break", () => {
    const broken = [
      ...importsOf("base/x.ts", 'import { connect } from "../mqtt/index.ts";'),
      ...importsOf("mqtt/x.ts", 'import { readFile } from "node:fs";'),
      ...importsOf("gateway/x.ts", 'export { Air } from "../virtual/index.ts";'),
      ...importsOf("wire/x.ts", 'const x = await import("left-pad");'),
      ...importsOf("gateway/y.ts", 'import { encode } from "../wire/classic-text.ts";'),
    ];
    expect(broken.map((one) => faultOf(one)).filter(Boolean)).toHaveLength(5);
    const circle = [
      ...importsOf("base/a.ts", 'import { b } from "./b.ts";'),
      ...importsOf("base/b.ts", 'import { a } from "./a.ts";'),
    ];
    expect(findCycles(circle)).toHaveLength(1);
  });
});

describe("files", () => {
  it("are short: none over 400 lines", () => {
    const long = listFiles(source).filter(
      (file) => readFileSync(join(source, file), "utf8").split("\n").length > 400,
    );
    expect(long).toEqual([]);
  });
});
