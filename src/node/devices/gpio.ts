import { type ChildProcess, spawn } from "node:child_process";
import { show } from "../../base/index.ts";
import { deviceErrors, type DigitalOutput } from "../../device/index.ts";
import { runTool } from "./tool.ts";

/** How long a line must have been held before it counts as switched, in milliseconds. */
const holdMs = 50;

/** Which line of which chip. */
export interface GpioOptions {
  /** As `gpiochip0`. */
  readonly chip: string;
  /** The line's number on the chip; on a Raspberry Pi that of the GPIO. */
  readonly line: number;
  /** The program that holds the line. Default `gpioset`, of Debian's package `gpiod`, version 1 or 2. */
  readonly tool?: string;
}

/**
 * A line of Linux's GPIO character device, by Debian's `gpioset`: a line keeps its value only as long as somebody holds it,
 * so a process of its own does.
 *
 * @throws `device/bad-option`
 */
export function openGpioOutput({ chip, line, tool = "gpioset" }: GpioOptions): DigitalOutput {
  if (!/^[\w./-]+$/.test(chip) || !Number.isInteger(line) || line < 0) {
    throw deviceErrors.create(
      "device/bad-option",
      `a GPIO is a chip like gpiochip0 and a line from 0, got ${show({ chip, line })}`,
    );
  }
  let holder: ChildProcess | undefined;
  let dialect: Promise<readonly string[]> | undefined;
  const release = async () => {
    const before = holder;
    holder = undefined;
    if (!before || before.exitCode !== null || before.signalCode !== null) return;
    const gone = new Promise((resolve) => before.once("exit", resolve));
    before.kill("SIGTERM");
    await gone;
  };
  return {
    async write(value) {
      dialect ??= readDialect(tool, chip);
      const words = await dialect.catch((error: unknown) => {
        dialect = undefined;
        throw error;
      });
      await release();
      holder = await hold(tool, [...words, `${line}=${value}`]);
    },
    close: release,
  };
}

/** How this version is told to stay: 1.x by a mode, 2.x by itself. */
async function readDialect(tool: string, chip: string): Promise<readonly string[]> {
  const version = await runTool(tool, ["--version"], "gpiod");
  return /\bv1\./.test(version) ? ["--mode=signal", chip] : ["--chip", chip];
}

/** Starts the process that holds the line; rejects if it ends at once. */
function hold(tool: string, words: readonly string[]): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, words, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
    const timer = setTimeout(() => {
      child.removeAllListeners();
      child.stderr.destroy();
      // The program that uses the line decides how long it lives, not the line.
      child.unref();
      resolve(child);
    }, holdMs);
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(deviceErrors.create("device/no-answer", `${tool} ${words.join(" ")}: ${why}`));
    };
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code) => fail(said.trim() === "" ? `it ended with ${code}` : said.trim()));
  });
}
