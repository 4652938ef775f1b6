import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { root } from "../house/imports.ts";
import { findProgram, have } from "../support/external.ts";

/** A program that prints ten mebibytes to a terminal and goes on. */
const program = `import { boundOutput } from ${JSON.stringify(join(root, "dist/node/index.js"))};
boundOutput(process.stdout);
for (let count = 0; count < 100; count++) process.stdout.write("x".repeat(100_000));
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
