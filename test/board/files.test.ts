import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openWriter } from "../../src/node/board/files.ts";
import { root } from "../house/imports.ts";
import { AgentWorld } from "./agent-world.ts";

const ignore = () => {};

describe("a board's root (real)", () => {
  it("ends where its name ends: a folder beside it that is called alike is outside", async () => {
    await using world = await AgentWorld.start();
    const beside = `${world.root}-of-others`;
    mkdirSync(beside);
    writeFileSync(join(beside, "secret"), "secret");
    symlinkSync(beside, join(world.root, "link"));
    const board = await world.drive();
    const refused = { detail: { code: "board/outside" } };
    await expect(board.get("link/secret", ignore)).rejects.toMatchObject(refused);
    await expect(board.list("link")).rejects.toMatchObject(refused);
    await expect(board.remove("link/secret")).rejects.toMatchObject(refused);
  });

  it("tells nothing of what links lead to outside, not even how long it is", async () => {
    await using world = await AgentWorld.start();
    writeFileSync(join(world.folder, "secret"), "secret");
    symlinkSync(join(world.folder, "secret"), join(world.root, "file"));
    symlinkSync(world.folder, join(world.root, "folder"));
    const board = await world.drive();
    expect(await board.list("", { digest: true })).toEqual([
      { name: "file", folder: false, size: 0 },
      { name: "folder", folder: false, size: 0 },
    ]);
  });
});

describe.runIf(process.platform === "linux")("a board's files (real)", () => {
  it("are files: what is no file is not read, and a pipe does not keep the agent waiting", async () => {
    await using world = await AgentWorld.start();
    execFileSync("mkfifo", [join(world.root, "pipe")]);
    mkdirSync(join(world.root, "folder"));
    const board = await world.drive();
    for (const path of ["pipe", "folder"]) {
      const refused = { detail: { code: "board/is-a-folder" } };
      await expect(board.get(path, ignore)).rejects.toMatchObject(refused);
    }
  });

  it("are not opened to be listed where they are pipes: who writes into one loses nothing", async () => {
    await using world = await AgentWorld.start();
    const pipe = join(world.root, "pipe");
    execFileSync("mkfifo", [pipe]);
    const writer = spawn("sh", ["-c", 'echo message > "$0"', pipe]);
    const board = await world.drive();
    for (let round = 0; round < 20; round++) {
      expect(await board.list("", { digest: true })).toEqual([{ name: "pipe", folder: false, size: 0 }]);
    }
    expect(execFileSync("timeout", ["5", "cat", pipe], { encoding: "utf8" })).toBe("message\n");
    await once(writer, "exit");
  });

  it("say that the disk is full, at once and where it takes a part of what is written", async () => {
    const writer = await openWriter(await open("/dev/full", "a"), "file");
    await expect(writer.write([Uint8Array.of(1)])).rejects.toMatchObject({ code: "board/full" });
    await writer.close();
    await using world = await AgentWorld.start();
    const source = `
      import { open } from "node:fs/promises";
      import { openWriter } from ${JSON.stringify(join(root, "dist/node/board/files.js"))};
      const writer = await openWriter(await open("file", "a"), "file");
      await writer.write([new Uint8Array(4000), new Uint8Array(9000)]).catch(({ code }) => console.log(code));
    `;
    // A limit for files is as a disk that is almost full: it takes the beginning.
    const words = [
      "-c",
      'ulimit -f 16; exec "$@"',
      "sh",
      process.execPath,
      "--input-type=module",
      "-e",
      source,
    ];
    expect(execFileSync("sh", words, { cwd: world.root, encoding: "utf8" })).toBe("board/full\n");
  });
});
