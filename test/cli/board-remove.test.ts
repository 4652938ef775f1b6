import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { removeFile, removeTree } from "../../src/cli/board/remove.ts";
import { startHostileBoard } from "../remote/hostile-board.ts";
import { AgentWorld } from "../board/agent-world.ts";

const { signal } = new AbortController();

it("rm -r removes a folder with all that is in it, links instead of what they lead to, and never the root", async () => {
  await using world = await AgentWorld.start();
  const board = await world.drive();
  mkdirSync(join(world.root, "lib/deep/empty"), { recursive: true });
  mkdirSync(join(world.root, "kept"));
  for (const name of ["lib/a", "lib/deep/b", "kept/c", "d"]) writeFileSync(join(world.root, name), name);
  symlinkSync("../kept", join(world.root, "lib/to-a-folder"));
  symlinkSync("/etc", join(world.root, "lib/outside"));
  symlinkSync("nowhere", join(world.root, "lib/nowhere"));
  for (const root of ["/", ".", "lib/.."]) {
    await expect(removeTree(board, root, signal)).rejects.toMatchObject({ code: "cli/bad-argument" });
  }
  await expect(removeTree(board, "x", signal)).rejects.toThrow("x: no such file or folder");
  await removeTree(board, "/lib/", signal);
  await removeTree(board, "d", signal);
  expect(readdirSync(world.root, { recursive: true }).map(String).toSorted()).toEqual(["kept", "kept/c"]);
});

it("rm says of a folder what removes it", async () => {
  await using world = await AgentWorld.start();
  const board = await world.drive();
  mkdirSync(join(world.root, "lib"));
  await expect(removeFile(board, "lib", signal)).rejects.toMatchObject({
    detail: { code: "board/is-a-folder" },
    message: "lib is a folder: rm -r removes it with all that is in it, rmdir an empty one",
  });
});

it.each([
  ["native", ["remove"]],
  ["mqrepl", ["import uos; uos.remove('link')", expect.stringContaining("ilistdir")]],
] as const)("rm -r removes nothing below what it may not remove, with %s (real)", async (dialect, asked) => {
  await using hostile = await startHostileBoard(dialect, ({ refuse }) => refuse("board/files: no right"));
  await expect(removeTree(hostile.board, "link", signal)).rejects.toThrow("no right");
  expect(hostile.heard.map(({ request, body }) => request?.do ?? body)).toEqual(asked);
});

it("rm -r goes only so deep, whatever a board says (real)", async () => {
  await using hostile = await startHostileBoard("native", ({ request, say, refuse }) => {
    if (request?.do === "list") say(`${JSON.stringify({ name: "x", folder: true, size: 0 })}\n`);
    else refuse("board/is-a-folder: a folder");
  });
  await expect(removeTree(hostile.board, "x", signal)).rejects.toThrow("lies more than 32 folders deep");
  expect(hostile.heard.filter(({ request }) => request?.do === "list")).toHaveLength(32);
});
