import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BytePort, BytePortListener } from "../../src/base/index.ts";
import { findProgram } from "./external.ts";

/** A serial port that is none: programs open it by its path, and what they write comes out at `end`. */
export interface PseudoTerminal extends AsyncDisposable {
  readonly path: string;
  /** The chip's end. There is another one after each `unplug`. */
  readonly end: BytePort;
  /** Makes the port vanish, as pulling a plug does. */
  unplug(): Promise<void>;
  /** Makes it appear again, under the same path. */
  plugIn(): Promise<void>;
}

/** Makes one with Debian's socat; guard the tests that need it with `describe.runIf(have("socat"))`. */
export async function openPseudoTerminal(): Promise<PseudoTerminal> {
  const folder = mkdtempSync(join(tmpdir(), "moteq-tty-"));
  const path = join(folder, "ttyUSB0");
  let child: ChildProcess | undefined;
  let end: BytePort | undefined;

  const terminal: PseudoTerminal = {
    path,
    get end() {
      if (!end) throw new Error("the port is unplugged");
      return end;
    },
    async unplug() {
      if (!child) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
      rmSync(path, { force: true });
      child = end = undefined;
    },
    async plugIn() {
      // `ignoreeof` keeps it there while no program has it open.
      const words = [`PTY,link=${path},raw,echo=0,ignoreeof`, "STDIO"];
      const started = spawn(findProgram("socat") ?? "socat", words, { stdio: ["pipe", "pipe", "ignore"] });
      while (!existsSync(path)) {
        if (started.exitCode !== null) throw new Error("socat did not make a port");
        await delay(2);
      }
      child = started;
      end = new PipePort(started);
    },
    async [Symbol.asyncDispose]() {
      await terminal.unplug();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await terminal.plugIn();
  return terminal;
}

/** The pipes of a process as a byte port. */
class PipePort implements BytePort {
  readonly #process: ChildProcess;
  #closed = false;

  constructor(process: ChildProcess) {
    this.#process = process;
    process.stdin?.on("error", () => {});
  }

  start(listener: BytePortListener): void {
    this.#process.stdout?.on("data", (bytes: Buffer) => {
      if (!this.#closed) listener.onData(Uint8Array.from(bytes));
    });
    this.#process.stdin?.on("drain", () => listener.onWritable());
    this.#process.once("exit", () => {
      if (!this.#closed) listener.onClose();
    });
  }

  write(bytes: Uint8Array): boolean {
    return this.#process.stdin?.write(bytes) ?? true;
  }

  pause(paused: boolean): void {
    if (paused) this.#process.stdout?.pause();
    else this.#process.stdout?.resume();
  }

  close(): void {
    this.#closed = true;
  }
}
