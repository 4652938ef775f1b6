import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { moveEntry } from "../../src/cli/board/move.ts";
import type { RemoteBoard } from "../../src/remote/index.ts";
import { AgentWorld } from "../board/agent-world.ts";

const { signal } = new AbortController();

const fault = (error: { code: string; detail: { code?: string }; message: string }) =>
  [error.detail.code ?? error.code, error.message] as const;

describe("mv on a board", () => {
  let world: AgentWorld;
  let board: RemoteBoard;
  const move = (from: string, to: string, options = {}) => moveEntry(board, from, to, options, signal);
  const refused = (from: string, to: string, options = {}) => move(from, to, options).then(String, fault);

  beforeEach(async () => {
    world = await AgentWorld.start();
    board = await world.drive();
    mkdirSync(join(world.root, "lib/deep"), { recursive: true });
    for (const name of ["a", "b", "lib/b"]) writeFileSync(join(world.root, name), `was ${name}`);
    return () => world[Symbol.asyncDispose]();
  });

  it("renames, or moves into a folder that is there, with or without a slash", async () => {
    expect(await move("a", "c")).toBe("c");
    expect(await move("c", "/lib/")).toBe("/lib/c");
    expect(await move("/lib/c", "lib/deep")).toBe("lib/deep/c");
    expect(await move("lib/deep", "/")).toBe("/deep");
    expect(readFileSync(join(world.root, "deep/c"), "utf8")).toBe("was a");
  });

  it("does not make a file of a folder that is not there", async () => {
    expect(await refused("a", "nowhere/")).toEqual(["board/not-found", "there is no folder nowhere/"]);
    expect(await refused("a", "b/")).toEqual(["board/not-a-folder", "b/ is a file"]);
    expect(await refused("a", "no/where")).toEqual(["board/not-found", "no: no such file or folder"]);
    expect(readdirSync(world.root)).toEqual(["a", "b", "lib"]);
  });

  it("says that what is to be moved is missing", async () => {
    expect(await refused("x", "lib")).toEqual(["board/not-found", "x: no such file or folder"]);
  });

  it("replaces a file only with --force, and never a folder", async () => {
    const there = "is there already; --force replaces it";
    expect(await refused("a", "b")).toEqual(["board/exists", `b ${there}`]);
    expect(await refused("b", "lib")).toEqual(["board/exists", `lib/b ${there}`]);
    mkdirSync(join(world.root, "deep"));
    expect(await refused("lib/deep", "/", { force: true })).toEqual([
      "board/exists",
      "/deep is a folder that is there already",
    ]);
    expect(await move("b", "lib", { force: true })).toBe("lib/b");
    expect(readFileSync(join(world.root, "lib/b"), "utf8")).toBe("was b");
  });

  it("moves nothing into itself, or onto itself", async () => {
    expect(await refused("lib", "lib/deep")).toEqual([
      "cli/bad-argument",
      "lib cannot be moved into itself: the target is lib/deep/lib",
    ]);
    expect(await refused("lib", "/lib/new")).toEqual([
      "cli/bad-argument",
      "lib cannot be moved into itself: the target is /lib/new",
    ]);
    expect(await refused("/a", "a", { force: true })).toEqual([
      "cli/bad-argument",
      "/a is there already: the target is a",
    ]);
    const asked = board.rename("lib", "lib/deep/lib").catch(fault);
    expect(await asked).toEqual([
      "board/bad-command",
      "lib to lib/deep/lib: a folder cannot be moved into itself, or the name is none",
    ]);
    expect(existsSync(join(world.root, "a"))).toBe(true);
  });
});
