import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
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
