import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type BoardCli, startBoardCli } from "../support/board-cli.ts";
import { type CliProcess, startCli } from "../support/cli-process.ts";

let cli: BoardCli;
let folder: string;

beforeAll(async () => {
  cli = await startBoardCli();
  folder = cli.folder;
});

afterAll(() => cli[Symbol.asyncDispose]());

const run = (words: readonly string[], input?: string) => cli.run(words, input);

describe("moteq board, with a board that runs (real)", () => {
  let files: string;
  let board: CliProcess;

  beforeAll(async () => {
    files = join(folder, "data/files");
    writeFileSync(
      join(folder, "board.yaml"),
      "board:\n  data: data\n  name: shed\n  modules: { ./good.mjs: { led: green }, ./bad.mjs: {} }\n" +
        "  watchdog: { timeout: 10, confirm: 0 }\n",
    );
    writeFileSync(
      join(folder, "good.mjs"),
      "export function start(board, { led }) { board.log('good').info(`blinks ${led}`); globalThis.led = led; }\n",
    );
    writeFileSync(join(folder, "bad.mjs"), "export function start() { throw new Error('no such pin') }\n");
    board = cli.start(["run", "--config", "board.yaml"]);
    await vi.waitFor(() => expect(board.out()).toContain("bad.mjs did not start"), { timeout: 20_000 });
  });

  afterAll(async () => {
    board.child.kill("SIGINT");
    expect(await board.exit).toBe(0);
    expect(board.out()).toContain("The board has ended.");
  });

  it("starts its modules, and says of one that fails why", () => {
    expect(board.out()).toMatch(/good: blinks green/);
    expect(board.out()).toMatch(/Error: no such pin/);
  });

  it("evaluates, prints what is wrong on the error stream, and ends with the right code", async () => {
    const [good, bad, json, usage] = await Promise.all([
      run(["eval", "2+3"]),
      run(["eval", "nothing"]),
      run(["eval", "print('a'); print('b')", "--json"]),
      run(["eval"]),
    ]);
    expect(good).toEqual({ code: 0, out: "5\n", err: "" });
    expect(bad).toMatchObject({ code: 1, out: "" });
    expect(bad.err).toMatch(/^moteq: ReferenceError: nothing is not defined\n/);
    expect(JSON.parse(json.out)).toEqual({ result: "a\nb\n" });
    expect(usage.code).toBe(2);
  });

  it("goes on, with all its modules, after an error that nobody has caught", async () => {
    const session = async () =>
      (JSON.parse((await run(["info", "--json"])).out) as { session: string }).session;
    const before = await session();
    expect(await run(["eval", "Promise.reject(new Error('slip')); 1"])).toMatchObject({ code: 0 });
    expect(await run(["eval", "setTimeout(() => { nothing }, 10); 1"])).toMatchObject({ code: 0 });
    await vi.waitFor(() => {
      expect(board.out()).toMatch(/uncaught: Error: slip/);
      expect(board.out()).toMatch(/uncaught: ReferenceError: nothing is not defined/);
    });
    expect(await session()).toBe(before);
  });

  it("puts, lists, gets and removes files", async () => {
    const content = randomBytes(300_000);
    writeFileSync(join(folder, "local.bin"), content);
    expect(await run(["put", "local.bin"])).toEqual({ code: 0, out: "remote: local.bin\nOK\n", err: "" });
    expect(await run(["mkdir", "-p", "lib/deep"])).toEqual({ code: 0, out: "", err: "" });
    expect((await run(["ls", "-r"])).out).toBe(
      "           0 lib/\n           0 lib/deep/\n      300000 local.bin\n",
    );
    expect((await run(["get", "local.bin", "back.bin"])).code).toBe(0);
    expect(Buffer.compare(readFileSync(join(folder, "back.bin")), content)).toBe(0);
    writeFileSync(join(folder, "kept"), "kept");
    const missing = await run(["get", "missing", "kept"]);
    expect(missing).toMatchObject({ code: 1, out: "" });
    expect(missing.err).toMatch(/missing: no such file/);
    expect(readFileSync(join(folder, "kept"), "utf8")).toBe("kept");
    expect(await run(["put", "kept", "lib"])).toEqual({ code: 0, out: "remote: lib/kept\nOK\n", err: "" });
    expect(readFileSync(join(files, "lib/kept"), "utf8")).toBe("kept");
    expect(await run(["put", "kept", "lib"])).toMatchObject({ code: 0, out: "remote: lib/kept\nOK\n" });
    expect((await run(["rm", "local.bin"])).code).toBe(0);
    expect(readdirSync(files)).toEqual(["lib"]);
  });

  it("puts several files into a folder, and what comes on standard input, and says of a folder what takes it", async () => {
    mkdirSync(join(folder, "many"));
    for (const name of ["many/a", "many/b"]) writeFileSync(join(folder, name), name);
    expect((await run(["mkdir", "-p", "many"])).code).toBe(0);
    const [several, input, noName, aFolder, missing] = await Promise.all([
      run(["put", "many/a", "many/b", "many"]),
      run(["put", "-", "many/c"], "typed"),
      run(["put", "-"], "typed"),
      run(["put", "many"]),
      run(["put", "many/a", "many/x", "lib/"]),
    ]);
    expect(several).toEqual({ code: 0, out: "remote: many/a\nOK\nremote: many/b\nOK\n", err: "" });
    expect(input).toEqual({ code: 0, out: "OK\n", err: "" });
    expect(readFileSync(join(files, "many/b"), "utf8")).toBe("many/b");
    expect(await run(["get", "many/c", "-"])).toEqual({ code: 0, out: "typed", err: "" });
    const fetched = await run(["get", "many/c", "--json"]);
    expect(fetched).toMatchObject({ code: 0, out: "typed" });
    const sha256 = createHash("sha256").update("typed").digest("hex");
    expect(JSON.parse(fetched.err)).toEqual({ file: "-", size: 5, sha256 });
    expect([noName.code, noName.err]).toEqual([
      2,
      "moteq: what standard input is to be called: put - REMOTE\n",
    ]);
    expect([aFolder.code, aFolder.err]).toEqual([2, expect.stringMatching(/many is a folder.*board sync/)]);
    expect(missing).toMatchObject({ code: 2, out: "" });
    expect(missing.err).toMatch(/cannot read many\/x: there is no such file/);
    expect((await run(["rm", "-r", "many"])).code).toBe(0);
    expect(readdirSync(files)).toEqual(["lib"]);
  });

  it("gets a long file into a folder, without a warning", async () => {
    const content = randomBytes(3_000_000);
    writeFileSync(join(files, "long.bin"), content);
    mkdirSync(join(folder, "here"));
    expect(await run(["get", "/long.bin", "here"])).toEqual({ code: 0, out: "", err: "" });
    expect(Buffer.compare(readFileSync(join(folder, "here/long.bin")), content)).toBe(0);
    rmSync(join(files, "long.bin"));
  });

  it("says in JSON what was done and what went wrong, and whose fault a missing folder is", async () => {
    const json = async (...words: string[]) => JSON.parse((await run([...words, "--json"])).out) as unknown;
    expect(await json("mkdir", "json")).toEqual({ folder: "json" });
    expect(await json("mv", "json", "jason")).toEqual({ from: "json", to: "jason" });
    const [rmdir, level, key, missing, noCrash, noFolder] = await Promise.all([
      json("rmdir", "jason"),
      json("level", "info"),
      json("key", "new.pem"),
      run(["rm", "missing", "--json"]),
      run(["crash", "get"]),
      run(["key", "nowhere/new.pem"]),
    ]);
    expect([rmdir, level]).toEqual([{ folder: "jason" }, { mqtt: "info" }]);
    expect(key).toMatchObject({ publicKey: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    expect(missing).toMatchObject({ code: 1, out: "" });
    expect(JSON.parse(missing.err)).toMatchObject({
      error: { code: "remote/refused", detail: { code: "board/not-found" } },
    });
    expect(noCrash).toEqual({ code: 1, out: "", err: "moteq: no crash is kept\n" });
    expect(noFolder.code).toBe(2);
    expect(noFolder.err).toMatch(/^moteq: cannot write the key nowhere\/new.pem: ENOENT/);
  });

  it("takes only levels that there are", async () => {
    const [loud, console, none] = await Promise.all([
      run(["level", "loud"]),
      run(["level", "--console", "loud"]),
      run(["level"]),
    ]);
    const levels = "debug, info, warning, error, critical, none";
    expect(loud).toEqual({ code: 2, out: "", err: `moteq: level takes one of ${levels}, got "loud"\n` });
    expect(console).toEqual({
      code: 2,
      out: "",
      err: `moteq: --console takes one of ${levels}, got "loud"\n`,
    });
    expect(none).toMatchObject({ code: 2, out: "" });
  });

  it("says in its information whose commands it takes", async () => {
    const line =
      /^signed +no: it does what anybody says whom the broker lets publish under board\/mqb\/cmd$/m;
    expect((await run(["info"])).out).toMatch(line);
  });

  it("takes lines of a REPL from a pipe", async () => {
    const { code, out } = await run(["repl"], "let x = 20\nfunction f() {\n  return x * 2\n}\nf() + 2\n");
    expect([code, out]).toEqual([0, "42\n"]);
  });

  it("ends a REPL that reads from a pipe with 1 when a statement failed, and goes on with those behind it", async () => {
    const { code, out, err } = await run(["repl"], "nope\n2+3\n");
    expect([code, out]).toEqual([1, "5\n"]);
    expect(err).toContain("nope is not defined");
  });

  it("answers each statement of a REPL with a line of JSON, if asked to", async () => {
    const { code, out, err } = await run(["repl", "--json"], "print('a')\nnothing\n7\n");
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect([code, err, lines]).toEqual([
      1,
      "",
      [
        { result: "a\n" },
        {
          error: {
            code: "remote/refused",
            message: expect.stringContaining("nothing is not defined"),
            detail: expect.objectContaining({ code: "board/evaluation" }),
          },
        },
        { result: "7" },
      ],
    ]);
  });

  it("says in a REPL when the board was started anew, since its variables are gone", async () => {
    const going = startCli(folder, ["board", "repl"], {
      environment: { MOTEQ_BROKER_URL: cli.broker.url },
      input: "print('ready')\n",
      inputGoesOn: true,
    });
    await vi.waitFor(() => expect(going.out()).toBe("ready\n"), { timeout: 20_000 });
    expect((await run(["reset", "--soft"])).code).toBe(0);
    await vi.waitFor(
      () => expect(going.err()).toBe("moteq: the board was started anew: its variables are gone\n"),
      { timeout: 20_000 },
    );
    going.child.stdin?.end("2+3\n");
    expect([await going.exit, going.out()]).toEqual([0, "ready\n5\n"]);
  });

  it("says on the error stream which pattern of a specification fits no file", async () => {
    mkdirSync(join(folder, "bare"));
    writeFileSync(join(folder, "bare-spec"), "/bare:\n  bare: *.py\n");
    const { code, out, err } = await run(["sync", "bare-spec"]);
    expect([code, out, err]).toEqual([0, "Target directory /bare\n", "moteq: no file fits bare/*.py\n"]);
  });

  it("synchronises, and finds nothing to do the second time", async () => {
    mkdirSync(join(folder, "src"), { recursive: true });
    for (const name of ["a.py", "b.py"]) writeFileSync(join(folder, "src", name), `# ${name}`);
    writeFileSync(join(folder, "spec"), "/new/lib:\n  src: *.py b.py->c.py\n");
    const lines = "  put  missing src/a.py -> /new/lib/a.py\n  put  missing src/b.py -> /new/lib/b.py\n";
    const last = "  put  missing src/b.py -> /new/lib/c.py\n";
    const all = `Target directory /new/lib\n  mkdir /new/lib\n${lines}${last}`;
    expect((await run(["sync", "spec", "--dry-run"])).out).toBe(all);
    expect(readdirSync(files)).not.toContain("new");
    expect((await run(["sync", "spec"])).out).toBe(all);
    expect(readdirSync(join(files, "new/lib"))).toEqual(["a.py", "b.py", "c.py"]);
    expect((await run(["sync", "spec"])).out).toBe(
      "Target directory /new/lib\n  ok   a.py\n  ok   b.py\n  ok   c.py\n",
    );
  });

  it("says that a second one may not have its folder", async () => {
    const second = cli.start(["run", "--config", "board.yaml"]);
    expect(await second.exit).toBe(2);
    expect(second.err()).toMatch(/another process runs a board with the folder/);
  });
});

describe("moteq board, towards nobody (real)", () => {
  it("says so, and ends with 1", async () => {
    const { code, err } = await run(["-T", "0.5", "--prefix", "nobody", "ls"]);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^moteq: no board answers at nobody\/mqb for 0.5 s: is it on/),
    ]);
  });
});
