import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { connect } from "../../src/node/index.ts";
import { startMqreplBoard } from "../remote/mqrepl/board.ts";
import { type BoardCli, startBoardCli } from "../support/board-cli.ts";

let cli: BoardCli;
let folder: string;

beforeAll(async () => {
  cli = await startBoardCli();
  folder = cli.folder;
});

afterAll(() => cli[Symbol.asyncDispose]());

describe("moteq board, with a board that runs (real)", () => {
  it("is confirmed manageable, keeps a crash, and boots an image that is confirmed as well", async () => {
    const run = (words: readonly string[]) => cli.run(words);
    const settings = "board:\n  data: data\n  name: shed\n  watchdog: { timeout: 10, confirm: 0 }\n";
    writeFileSync(join(folder, "board.yaml"), settings);
    const board = cli.start(["run", "--config", "board.yaml"]);
    await vi.waitFor(() => expect(board.out()).toContain("listening"), { timeout: 20_000 });
    const info = async () => JSON.parse((await run(["info", "--json"])).out) as Record<string, unknown>;
    await expect
      .poll(info, { timeout: 10_000 })
      .toMatchObject({ confirmed: true, slot: "factory", mode: "normal" });
    await run(["eval", "process.stderr.write('last words'); setTimeout(() => process.exit(7), 50); 0"]);
    await expect
      .poll(async () => (await run(["crash"])).out, { timeout: 10_000 })
      .toMatch(/^1 .*exit code 7 .*factory/);
    expect((await run(["crash", "get"])).out).toContain("last words");
    writeFileSync(
      join(folder, "image.mjs"),
      'import { runAgent } from "moteq/node";\nawait runAgent({ modules: { own: { start(board) { board.log("own").info("new") } } } });\n',
    );
    await expect.poll(info, { timeout: 10_000 }).toMatchObject({ confirmed: true });
    expect(await run(["ota", "image.mjs"])).toEqual({ code: 0, out: "OK\n", err: "" });
    await expect
      .poll(info, { timeout: 15_000 })
      .toMatchObject({ confirmed: true, slot: "a", note: "the new image in slot a was confirmed" });
    expect((await run(["log"])).out).toContain("own: new");
    writeFileSync(join(folder, "broken.mjs"), 'throw new Error("broken image");\n');
    expect((await run(["ota", "broken.mjs"])).code).toBe(0);
    await expect
      .poll(info, { timeout: 15_000 })
      .toMatchObject({ slot: "a", note: expect.stringContaining("went back to a") as string });
    expect((await run(["list"])).out).toMatch(/^board +shed +online/m);
    board.child.kill("SIGINT");
    expect(await board.exit).toBe(0);
  }, 60_000);
});

describe("moteq board, with a board that runs mqrepl (real)", () => {
  it("lists with digests, makes folders, synchronises and fetches what is called oddly", async () => {
    await using chip = await startMqreplBoard(connect(cli.broker.url), "esp32/test/mqb");
    const run = (words: readonly string[]) => cli.run(["--prefix", "esp32/test", ...words]);
    writeFileSync(join(folder, "it's a größe.txt"), "x".repeat(5000));
    expect((await run(["mkdir", "-p", "/it's/deep"])).code).toBe(0);
    expect((await run(["put", "it's a größe.txt", "/it's/deep/"])).out).toBe(
      "remote: /it's/deep/it's a größe.txt\nOK\n",
    );
    const { out } = await run(["ls", "-r", "--sha", "/it's"]);
    expect(out).toMatch(/^ {64} +0 deep\/\n[0-9a-f]{64} +5000 deep\/it's a größe.txt\n$/);
    expect((await run(["get", "/it's/deep/it's a größe.txt"])).out).toBe("x".repeat(5000));
    writeFileSync(join(folder, "kept"), "kept");
    writeFileSync(join(folder, "spec"), "/it's/new:\n  kept\n");
    expect((await run(["sync", "spec"])).out).toBe(
      "Target directory /it's/new\n  mkdir /it's/new\n  put  missing kept -> /it's/new/kept\n",
    );
    expect((await run(["rm", "/it's/new/kept"])).code).toBe(0);
    const again = await run(["rm", "/it's/new/kept"]);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining("ENOENT")]);
    expect(chip.counts["put"]).toBeGreaterThan(4);
  }, 60_000);
});
