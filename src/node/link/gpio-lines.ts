import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { deviceErrors, type FiveLines, type InputLine, type OutputLine } from "../../device/index.ts";
import { runTool } from "../devices/tool.ts";

/** Which lines of which chip are the five wires. */
export interface GpioLinesOptions {
  /** The host drives the reset line, open drain; the modem reads it. */
  readonly role: "host" | "modem";
  /** As `gpiochip0`. */
  readonly chip: string;
  /** The lines' numbers on the chip, as this end sees them. */
  readonly clockIn: number;
  readonly dataIn: number;
  readonly clockOut: number;
  readonly dataOut: number;
  readonly reset: number;
  /** Told when one of the programs has ended by itself: then its lines are dead. */
  readonly onEnd?: (why: string) => void;
  /** The programs of Debian's package `gpiod`, version 2 or later. Default `gpioget`, `gpiomon` and `gpioset`. */
  readonly tools?: { readonly get: string; readonly monitor: string; readonly set: string };
}

/** How long the programs may take until they hold their lines, in milliseconds. */
const startMs = 5000;

/**
 * Five lines of Linux's GPIO character device, by the programs of libgpiod 2: one that says every edge in order, one that is
 * told what to set. That costs a few tenths of a millisecond for each bit; the channel does not mind.
 *
 * @throws `device/no-answer`
 */
export async function openGpioLines(options: GpioLinesOptions): Promise<FiveLines> {
  const { role, chip, clockIn, dataIn, clockOut, dataOut, reset } = options;
  const tools = options.tools ?? { get: "gpioget", monitor: "gpiomon", set: "gpioset" };
  const version = await runTool(tools.set, ["--version"], "gpiod");
  if (/\bv[01]\./.test(version)) {
    throw deviceErrors.create(
      "device/no-answer",
      `five wires need libgpiod 2 or later, got ${version.split("\n")[0]?.trim()}`,
    );
  }
  const inputs = role === "modem" ? [clockIn, dataIn, reset] : [clockIn, dataIn];
  const numbers = inputs.map(String);
  const levels = await runTool(tools.get, ["--numeric", "--chip", chip, ...numbers], "gpiod");
  const children: ChildProcessWithoutNullStreams[] = [];
  const start = async (tool: string, words: readonly string[]) => {
    const child = spawn(tool, ["--banner", "--chip", chip, ...words]);
    children.push(child);
    await untilReady(child, tool);
    child.once("exit", (code, signal) => {
      if (!isClosed) options.onEnd?.(`${tool} has ended (${signal ?? code})`);
    });
    return child;
  };
  let isClosed = false;
  const close = () => {
    isClosed = true;
    for (const child of children) child.kill();
  };
  try {
    const edges = await start(tools.monitor, ["--edges", "both", "--format", "%o %e", ...numbers]);
    const lines = new InputLines(edges, inputs, levels.trim().split(/\s+/).map(Number));
    const setter = await start(tools.set, ["--interactive", `${clockOut}=0`, `${dataOut}=0`]);
    // The modem has a resistor to pull it up: a line that drives high as well would work against it.
    const openDrain = ["--interactive", "--drive", "open-drain", `${reset}=1`];
    const resetter = role === "host" ? await start(tools.set, openDrain) : undefined;
    return {
      clockIn: lines.at(clockIn),
      dataIn: lines.at(dataIn),
      clockOut: outputLine(setter, clockOut),
      dataOut: outputLine(setter, dataOut),
      reset: resetter ? outputLine(resetter, reset) : lines.at(reset),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** The levels as the edges tell them, one after the other. */
class InputLines {
  readonly #levels = new Map<number, 0 | 1>();
  readonly #listeners = new Map<number, () => void>();

  constructor(edges: ChildProcessWithoutNullStreams, numbers: readonly number[], levels: readonly number[]) {
    for (const [index, number] of numbers.entries()) this.#levels.set(number, levels[index] === 1 ? 1 : 0);
    createInterface(edges.stdout).on("line", (line) => {
      const [, number, edge] = /^(\d+) ([12])$/.exec(line) ?? [];
      if (number === undefined) return;
      this.#levels.set(Number(number), edge === "1" ? 1 : 0);
      this.#listeners.get(Number(number))?.();
    });
  }

  at(number: number): InputLine {
    return {
      read: () => this.#levels.get(number) ?? 0,
      listen: (onChange) => void this.#listeners.set(number, onChange),
    };
  }
}

function outputLine(setter: ChildProcessWithoutNullStreams, number: number): OutputLine {
  let level: 0 | 1 | undefined;
  return {
    write(wanted) {
      if (wanted !== level && setter.stdin.writable) setter.stdin.write(`set ${number}=${wanted}\n`);
      level = wanted;
    },
  };
}

/** Resolves when the program holds its lines: its banner says so. */
function untilReady(child: ChildProcessWithoutNullStreams, tool: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const settle = (why?: string) => {
      clearTimeout(timer);
      child.stdout.off("data", onOut);
      if (why === undefined) resolve();
      else
        reject(deviceErrors.create("device/no-answer", `${tool}: ${said.trim() === "" ? why : said.trim()}`));
    };
    const onOut = () => settle();
    const timer = setTimeout(() => settle("it does not begin"), startMs);
    child.stdout.on("data", onOut);
    child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
    child.stdin.on("error", () => {});
    child.once("error", (error) => settle(error.message));
    child.once("exit", (code) => settle(`it ended with ${code}`));
  });
}
