import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../src/hub/index.ts";
import { type CliProcess, startCli } from "../support/cli-process.ts";
import { freePort } from "../support/mosquitto.ts";

const folder = mkdtempSync(join(tmpdir(), "moteq-board-keys-"));
let broker: EmbeddedBroker;
let board: CliProcess;
let environment: Record<string, string>;

async function run(...words: readonly string[]) {
  const running = startCli(folder, ["board", "-T", "20", ...words], { environment });
  return { code: await running.exit, out: running.out(), err: running.err() };
}

beforeAll(async () => {
  broker = await startEmbeddedBroker({ host: "127.0.0.1", port: await freePort() });
  environment = { MOTEQ_BROKER_URL: broker.url };
  const [{ out: key }] = await Promise.all([run("key", "own.pem"), run("key", "other.pem")]);
  const watchdog = { timeout: 20, confirm: 60, failed_boots: 9 };
  writeFileSync(
    join(folder, "board.yaml"),
    JSON.stringify({ board: { data: "data", keys: [key.trim()], watchdog } }),
  );
  // What the record says was confirmed is whole, and not signed.
  const image = `import { writeFileSync } from "node:fs";\nwriteFileSync(${JSON.stringify(join(folder, "evil"))}, "");\n`;
  const sha256 = createHash("sha256").update(image).digest("hex");
  mkdirSync(join(folder, "data/slots/a"), { recursive: true });
  writeFileSync(join(folder, "data/slots/a/image.mjs"), image);
  const staged = { sha256, size: image.length, signature: null };
  writeFileSync(join(folder, "data/boot.json"), JSON.stringify({ active: "a", images: { a: staged } }));
  board = startCli(folder, ["board", "run", "--config", "board.yaml"], { environment });
  await vi.waitFor(() => expect(board.out()).toContain("listening"), { timeout: 20_000 });
});

afterAll(async () => {
  board.child.kill("SIGINT");
  expect(await board.exit).toBe(0);
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a board whose configuration names a key (real)", () => {
  it("does not boot an image that is not signed by it, whatever its record says", async () => {
    const info = JSON.parse((await run("info", "--json")).out) as object;
    const note = "the image in slot a is damaged, or not signed as it must be; what was installed runs";
    expect(info).toMatchObject({ slot: "factory", signed: true, note });
    expect(existsSync(join(folder, "evil"))).toBe(false);
    const line = /^signed +yes: only commands that are signed with a trusted key are taken$/m;
    expect((await run("info")).out).toMatch(line);
  });

  it("does what is signed by it, and nothing else", async () => {
    const [own, other, none, classic] = await Promise.all([
      run("--sign", "own.pem", "eval", "6*7"),
      run("--sign", "other.pem", "eval", "6*7"),
      run("eval", "6*7"),
      run("--dialect", "mqrepl", "eval", "6*7"),
    ]);
    expect(own).toEqual({ code: 0, out: "42\n", err: "" });
    expect(other).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/does not trust the key/) as string,
    });
    for (const refused of [none, classic]) {
      const err = "moteq: this board takes only signed commands: give the key with --sign FILE\n";
      expect(refused).toEqual({ code: 1, out: "", err });
    }
  });

  it("takes an image that it signed, by --sign or in a file beside it, and no other", async () => {
    writeFileSync(join(folder, "image.mjs"), "one");
    expect((await run("--sign", "own.pem", "ota", "--no-boot", "image.mjs")).code).toBe(0);
    const other = await run("--sign", "other.pem", "sign", "image.mjs");
    writeFileSync(join(folder, "image.mjs.sig"), other.out);
    const refused = await run("--sign", "own.pem", "ota", "--no-boot", "image.mjs");
    expect(refused).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        /signature does not hold .*; it is from image.mjs.sig: is that of this build/,
      ) as string,
    });
    const own = await run("--sign", "own.pem", "sign", "image.mjs");
    writeFileSync(join(folder, "image.mjs.sig"), own.out);
    expect((await run("--sign", "own.pem", "ota", "--no-boot", "image.mjs")).code).toBe(0);
  });

  it("refuses an image where it cannot write down what is to boot", async () => {
    mkdirSync(join(folder, "data/boot.json.part"));
    writeFileSync(join(folder, "late.mjs"), "late");
    const { code, err } = await run("--sign", "own.pem", "ota", "late.mjs");
    expect([code, err]).toEqual([1, expect.stringMatching(/the supervisor cannot write its record: /)]);
    expect((await run("info")).out).toMatch(/^runs +factory$/m);
    rmSync(join(folder, "data/boot.json.part"), { recursive: true });
  });
});

describe("a private key (real)", () => {
  it("is its owner's alone to read", () => {
    expect(statSync(join(folder, "own.pem")).mode & 0o777).toBe(0o600);
  });

  it("is not written over: its public key is told again, and of what is no key that it is there", async () => {
    const before = readFileSync(join(folder, "own.pem"), "utf8");
    const config = readFileSync(join(folder, "board.yaml"), "utf8");
    const { keys } = (JSON.parse(config) as { board: { keys: string[] } }).board;
    const again = await run("key", "own.pem");
    const said = "moteq: own.pem is there already: nothing was made, this is its public key\n";
    expect(again).toEqual({ code: 0, out: `${keys[0]}\n`, err: said });
    expect(readFileSync(join(folder, "own.pem"), "utf8")).toBe(before);
    writeFileSync(join(folder, "notes.txt"), "no key");
    const notes = await run("key", "notes.txt");
    expect(notes).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringMatching(/never written over/) as string,
    });
    expect(readFileSync(join(folder, "notes.txt"), "utf8")).toBe("no key");
  });
});
