import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { root } from "../house/imports.ts";

/** How long it may take until it runs, in milliseconds. */
const startMs = 30_000;

/** `moteq up` in a process of its own. */
export interface MoteqUp {
  readonly child: ChildProcess;
  /** What it has printed and logged. */
  output(): string;
  /** Resolves when it runs. */
  running(): Promise<void>;
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>;
  /** Ends it in good order. */
  end(): Promise<void>;
}

/**
 * Starts `moteq up` as built, and does not wait. It does not outlive the test.
 *
 * @param words behind `up`
 * @param settings what `MOTEQ_…` variables set, as `GATEWAY_QLEN`
 */
export function spawnMoteqUp(
  words: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): MoteqUp {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("MOTEQ_"));
  const own = Object.entries(settings).map(([name, value]) => [`MOTEQ_${name}`, value]);
  const child = spawn(process.execPath, [join(root, "bin/moteq.js"), "up", "--classic", "open", ...words], {
    env: Object.fromEntries([...inherited, ...own]),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  child.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (text += bytes.toString()));
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const stop = async (signal: NodeJS.Signals) => {
    if (hasEnded()) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  };
  onTestFinished(() => stop("SIGKILL"));
  return {
    child,
    output: () => text,
    async running() {
      const limit = Date.now() + startMs;
      while (!text.includes("Ctrl-C ends it.")) {
        if (hasEnded() || Date.now() > limit) {
          await stop("SIGKILL");
          throw new Error(`moteq up does not run:\n${text.slice(-3000)}`);
        }
        await delay(5);
      }
    },
    kill: () => stop("SIGKILL"),
    end: () => stop("SIGINT"),
  };
}

/** Starts `moteq up` and waits until it runs. */
export async function startMoteqUp(...settings: Parameters<typeof spawnMoteqUp>): Promise<MoteqUp> {
  const up = spawnMoteqUp(...settings);
  await up.running();
  return up;
}

/** A UDP port of loopback that was free a moment ago. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}
