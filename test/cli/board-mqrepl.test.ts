import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/node/index.ts";
import { type MqreplBoard, startMqreplBoard } from "../remote/mqrepl/board.ts";
import { type BoardCli, startBoardCli } from "../support/board-cli.ts";

let cli: BoardCli;
let chip: MqreplBoard;

const run = (...words: readonly string[]) => cli.run(["--prefix", "esp32/test", ...words]);
const write = (name: string, text: string) => writeFileSync(join(cli.folder, name), text);

beforeAll(async () => {
  cli = await startBoardCli();
  chip = await startMqreplBoard(connect(cli.broker.url), "esp32/test/mqb");
});

afterAll(async () => {
  await chip[Symbol.asyncDispose]();
  await cli[Symbol.asyncDispose]();
});

describe("moteq board, with a board that runs mqrepl (real)", () => {
  it("makes folders, puts, lists with digests and fetches what is called oddly", async () => {
    write("it's a größe.txt", "x".repeat(5000));
    expect((await run("mkdir", "-p", "/it's/deep")).code).toBe(0);
    expect((await run("put", "it's a größe.txt", "/it's/deep/")).out).toBe(
      "remote: /it's/deep/it's a größe.txt\nOK\n",
    );
    const [listed, got] = await Promise.all([
      run("ls", "-r", "--sha", "/it's"),
      run("get", "/it's/deep/it's a größe.txt"),
    ]);
    expect(listed.out).toMatch(/^ {64} +0 deep\/\n[0-9a-f]{64} +5000 deep\/it's a größe.txt\n$/);
    expect(got.out).toBe("x".repeat(5000));
  });

  it("synchronises, removes a file once, and a folder with all that is in it", async () => {
    write("kept", "kept");
    write("spec", "/it's/new:\n  kept\n");
    const synchronised =
      "Target directory /it's/new\n  mkdir /it's/new\n  put  missing kept -> /it's/new/kept\n";
    expect(await run("sync", "spec")).toEqual({ code: 0, out: synchronised, err: "" });
    const removed = await Promise.all([run("rm", "/it's/new/kept"), run("rm", "/it's/new/kept")]);
    expect(new Set(removed.map(({ code }) => code))).toEqual(new Set([0, 1]));
    expect(removed.map(({ err }) => err).join("")).toContain("ENOENT");
    expect(await run("rm", "-r", "/it's")).toEqual({ code: 0, out: "", err: "" });
    expect((await run("ls", "/")).out).not.toContain("it's");
  });
});
