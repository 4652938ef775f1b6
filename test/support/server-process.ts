import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

/** How long a server may take until it answers, in milliseconds. */
const startMs = 30_000;

/** A program of one test's own, until `end`. */
export interface ServerProcess {
  readonly child: ChildProcess;
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a server and waits until `answers` says so. */
export async function startServer(
  program: string,
  words: readonly string[],
  answers: () => Promise<boolean>,
  options: SpawnOptions = {},
): Promise<ServerProcess> {
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"], ...options });
  let log = "";
  child.stdout?.on("data", (bytes: Buffer) => (log += bytes.toString()));
  child.stderr?.on("data", (bytes: Buffer) => (log += bytes.toString()));
  const end = async (signal: NodeJS.Signals = "SIGTERM") => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  };
  const limit = Date.now() + startMs;
  while (!(await answers().catch(() => false))) {
    if (child.exitCode !== null || Date.now() > limit) {
      await end("SIGKILL");
      throw new Error(`${program} did not start:\n${log.slice(-2000)}`);
    }
    await delay(50);
  }
  return { child, end };
}
