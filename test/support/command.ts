import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../house/imports.ts";

/** A program that runs. */
export interface RunningProgram {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  /** What it has printed so far. */
  out(): string;
  err(): string;
}

/** Runs programs in an empty folder of its own, and ends those that are left at the end. */
export class Programs implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "moteq-programs-"));
  readonly #running: RunningProgram[] = [];

  start(program: string, words: readonly string[]): RunningProgram {
    const child = spawn(program, words, { cwd: this.folder, stdio: ["ignore", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (err += bytes.toString()));
    const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
    const running = { child, exit, out: () => out, err: () => err };
    this.#running.push(running);
    return running;
  }

  /** `moteq`, as built. */
  moteq(...words: string[]): RunningProgram {
    return this.start(process.execPath, [join(root, "bin/moteq.js"), ...words]);
  }

  /** `moteq` to its end. */
  async run(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
    const running = this.moteq(...words);
    return { code: await running.exit, out: running.out(), err: running.err() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child, exit } of this.#running) {
      child.kill("SIGKILL");
      await exit;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
