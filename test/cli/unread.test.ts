import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { printBounded } from "../../src/cli/board/unread.ts";
import { root } from "../house/imports.ts";
import { findProgram, have } from "../support/external.ts";

describe("output that nobody reads", () => {
  it("is dropped from a mebibyte on, and how much it was is said when it is read again", () => {
    // What it has taken over from `write` does not count: PassThrough takes 16 KiB.
    const stream = new PassThrough();
    const print = printBounded(stream);
    const text = "x".repeat(100_000);
    for (let round = 0; round < 100; round++) print(text);
    expect(stream.writableLength).toBeLessThan(1_200_000);
    let read = 0;
    for (let bytes = stream.read() as Buffer | null; bytes; bytes = stream.read() as Buffer | null) {
      read += bytes.length;
    }
    print("again");
    const last = String(stream.read());
    expect(last).toBe(
      `\nmoteq: ${10_000_000 - read} bytes of output were dropped, since nobody read them\nagain`,
    );
  });
});

/** A program that prints ten mebibytes to a terminal and goes on. */
const program = `import { neverWait, printBounded } from ${JSON.stringify(join(root, "dist/cli/board/unread.js"))};
neverWait(process.stdout);
const print = printBounded(process.stdout);
for (let count = 0; count < 100; count++) print("x".repeat(100_000));
process.stderr.write(process.stdout.isTTY ? "printed" : "no terminal", () => process.exit(0));`;

describe.runIf(have("socat"))("a terminal that nobody reads (real)", () => {
  it("keeps nobody waiting", async () => {
    const folder = mkdtempSync(join(tmpdir(), "moteq-unread-"));
    const path = join(folder, "terminal");
    const socat = findProgram("socat") ?? "";
    const terminal = spawn(socat, [`PTY,link=${path},raw`, "STDIO"], { stdio: ["pipe", "pipe", "ignore"] });
    await vi.waitFor(() => expect(existsSync(path)).toBe(true), { timeout: 20_000 });
    const open = openSync(path, "r+");
    const printing = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", open, "pipe"],
    });
    let said = "";
    printing.stderr?.on("data", (bytes: Buffer) => (said += bytes.toString()));
    await vi.waitFor(() => expect(said).toBe("printed"), { timeout: 20_000 });
    printing.kill("SIGKILL");
    terminal.kill("SIGKILL");
    closeSync(open);
    rmSync(folder, { recursive: true });
  });
});
