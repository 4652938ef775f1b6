import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { type BoardCli, startBoardCli } from "../support/board-cli.ts";
import { type CliProcess, startCli } from "../support/cli-process.ts";

/** What runs a program with a folder that can only be read, as a worn SD card: a mount that only the program sees. */
const namespace = ["unshare", "--user", "--map-root-user", "--mount"] as const;
const bindReadOnly = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"';
const canMount = (() => {
  const folder = mkdtempSync(join(tmpdir(), "moteq-mount-"));
  const tried = spawnSync(namespace[0], [...namespace.slice(1), "sh", "-c", bindReadOnly, folder]);
  rmSync(folder, { recursive: true });
  if (tried.status !== 0)
    console.log("left out: a board's disk that can only be read (this kernel mounts nothing for users)");
  return tried.status === 0;
})();

const words = ["board", "run", "--config", "board.yaml"];

function startBoard(cli: BoardCli, under?: readonly [string, ...string[]]): CliProcess {
  writeFileSync(join(cli.folder, "board.yaml"), "board: { prefix: disk, data: data, root: files }\n");
  const environment = { MOTEQ_BROKER_URL: cli.broker.url };
  return startCli(cli.folder, words, under ? { environment, under } : { environment });
}

const listening = async (board: CliProcess) =>
  vi.waitFor(() => expect(board.out()).toContain("listening"), { timeout: 30_000 });

describe.runIf(canMount)("a board whose disk can only be read (real)", () => {
  it("is manageable, after a power cut too, and says once what cannot be written", async () => {
    await using cli = await startBoardCli();
    const before = startBoard(cli);
    await listening(before);
    writeFileSync(join(cli.folder, "files", "kept.txt"), "as it was");
    // As a power cut.
    before.child.kill("SIGKILL");
    await before.exit;
    const board = startBoard(cli, [...namespace, "sh", "-c", `${bindReadOnly} && exec "$@"`, cli.folder]);
    await listening(board);
    const on = (...all: string[]) => cli.run(["--prefix", "disk", ...all]);
    expect(await on("eval", "6 * 7")).toMatchObject({ code: 0, out: "42\n" });
    expect(await on("get", "kept.txt", "-")).toMatchObject({ code: 0, out: "as it was" });
    writeFileSync(join(cli.folder, "new.txt"), "new");
    expect((await on("put", "new.txt")).err).toMatch(/read-only file system/);
    await on("reset");
    await vi.waitFor(() => expect(board.out().match(/listening/g)).toHaveLength(2), { timeout: 30_000 });
    expect((await on("info")).out).toMatch(/normal/);
    expect(board.out().match(/the record of boots cannot be written: EROFS/g)).toHaveLength(1);
    expect(board.out().match(/process id cannot be noted: EROFS/g)).toHaveLength(1);
    board.child.kill("SIGTERM");
    expect(await board.exit).toBe(0);
  });
});

describe.runIf(canMount)("a board whose disk is full (real)", () => {
  it("starts, takes no image, and writes its record again as soon as there is room", async () => {
    await using cli = await startBoardCli();
    const data = join(cli.folder, "data");
    mkdirSync(data);
    const full =
      'mount -t tmpfs -o size=64k none "$0" && (cat /dev/zero > "$0/fill" 2> /dev/null || true) && exec "$@"';
    const board = startBoard(cli, [...namespace, "sh", "-c", full, data]);
    await listening(board);
    const on = (...all: string[]) => cli.run(["--prefix", "disk", ...all]);
    expect(board.out().match(/the record of boots cannot be written: ENOSPC/g)).toHaveLength(1);
    writeFileSync(join(cli.folder, "image.mjs"), "an image");
    expect((await on("ota", "image.mjs")).err).toMatch(/the disk is full/);
    expect(await on("eval", `require("node:fs").unlinkSync("${data}/fill")`)).toMatchObject({ code: 0 });
    await on("reset");
    await vi.waitFor(() => expect(board.out().match(/listening/g)).toHaveLength(2), { timeout: 30_000 });
    expect((await on("eval", `require("node:fs").readFileSync("${data}/boot.json", "utf8")`)).out).toMatch(
      /"active":"factory"/,
    );
    board.child.kill("SIGTERM");
    expect(await board.exit).toBe(0);
  });
});

describe("a board with something in the way of its folders (real)", () => {
  it("is manageable where its files are on a disk that is not there, and says so", async () => {
    await using cli = await startBoardCli();
    symlinkSync("/nowhere/at/all", join(cli.folder, "files"));
    const board = startBoard(cli);
    await listening(board);
    expect(board.out()).toMatch(/the folder \S+files, whose files are to be managed, cannot be made: ENOENT/);
    expect(await cli.run(["--prefix", "disk", "eval", "6 * 7"])).toMatchObject({ out: "42\n" });
    expect((await cli.run(["--prefix", "disk", "ls"])).err).toMatch(/no such file or folder/);
    board.child.kill("SIGTERM");
    expect(await board.exit).toBe(0);
  });

  it("does not start where its own is no folder, and says which", async () => {
    await using cli = await startBoardCli();
    writeFileSync(join(cli.folder, "data"), "");
    const board = startBoard(cli);
    expect(await board.exit).toBe(1);
    expect(board.err()).toMatch(/^moteq: the board's folder \S+data cannot be made: EEXIST/);
  });
});
