import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BytePort, createSeededRandom, type Random } from "../../src/base/index.ts";
import { Air, type Faults, VirtualClock } from "../../src/virtual/index.ts";
import { type AccessPoint, MicroPythonNode } from "./node.ts";
import { Turns } from "./turns.ts";

/** How a world of MicroPython boards is made. */
export interface MicroPythonWorldOptions {
  /** Decides every chance; the same seed and the same calls give the same trace. Default 1. */
  readonly seed?: number;
  /** What goes wrong with all frames. Default: nothing. */
  readonly faults?: Faults;
  /** The WiFi network that nodes can connect to. Default: there is none. */
  readonly accessPoint?: AccessPoint;
  /**
   * How often Node's event loop must go round with nothing to do before time goes on. Default 3; more where
   * something with a longer chain of steps takes part, as a broker does.
   */
  readonly quietRounds?: number;
}

/** How a node is set up. */
export interface BootOptions {
  /** 12 hexadecimal digits. Default: the first free one of 02000000aa01, 02000000aa02, … */
  readonly address?: string;
  /** More files on the board beside those in `examples/micropython/`, or instead of them: path → text. */
  readonly files?: Readonly<Record<string, string>>;
  /** Where it is, in metres. Default 0. */
  readonly x?: number;
  readonly y?: number;
  /** What goes wrong with frames from and to it. */
  readonly faults?: Faults;
  /** The board's end of its serial line, with MicroPython's prompt on it when no script runs. Default: it has none. */
  readonly console?: BytePort;
  /** Modules that its firmware has not, as `espnow`. Default: it has all. */
  readonly without?: readonly string[];
  /** Milliseconds from power-up or wake to the script's first line. Default 100. */
  readonly bootMs?: number;
  /** Milliseconds of real time for which it may compute without waiting for anything. Default 10,000. */
  readonly computeLimitMs?: number;
  /** Whether an exception that ends the script is expected. By default it makes the next `advance` reject. */
  readonly mayFail?: boolean;
}

const examplesFolder = fileURLToPath(new URL("../../examples/micropython", import.meta.url));
/** The modules of the boards' firmware: file name → text. */
export const boardModules = readPythonFiles(fileURLToPath(new URL("lib", import.meta.url)));

/** Real MicroPython boards on the virtual air, one thread each, all on one virtual clock. */
export class MicroPythonWorld {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly air: Air;
  readonly nodes: MicroPythonNode[] = [];
  /** All that boards did and heard, a line each. */
  readonly trace: string[] = [];
  readonly #turns: Turns;
  readonly #accessPoint: AccessPoint | undefined;

  constructor(options: MicroPythonWorldOptions = {}) {
    this.#turns = new Turns(options.quietRounds ?? 3);
    this.#accessPoint = options.accessPoint;
    this.clock = new VirtualClock({ settle: () => this.#turns.settle() });
    this.random = createSeededRandom(options.seed ?? 1);
    this.air = new Air({ clock: this.clock, random: this.random, faults: options.faults ?? {} });
  }

  /** A fingerprint of `trace`. */
  get traceHash(): string {
    return createHash("sha256").update(this.trace.join("\n")).digest("hex");
  }

  /**
   * Puts a node on the air, with all of `examples/micropython/` in its flash memory, and gives it power.
   *
   * @param script the file that runs: one of `examples/micropython/`, one of `options.files`, or a path
   */
  boot(script: string, options: BootOptions = {}): MicroPythonNode {
    const files = { ...readPythonFiles(examplesFolder), ...options.files };
    const main = script in files ? script : basename(script);
    if (main !== script) Object.assign(files, readPythonFiles(dirname(script)));
    const {
      address = `02000000aa${(this.nodes.length + 1).toString(16).padStart(2, "0")}`,
      faults,
      x,
      y,
    } = options;
    const joinAs = (as: string) =>
      this.air.join({
        address: as,
        awake: false,
        ...(faults && { faults }),
        ...(x !== undefined && { x }),
        ...(y !== undefined && { y }),
      });
    const node = new MicroPythonNode({
      clock: this.clock,
      turns: this.#turns,
      radio: joinAs(address),
      join: joinAs,
      console: options.console,
      script: main,
      files,
      firmware: Object.fromEntries(
        Object.entries(boardModules).filter(([name]) => !options.without?.includes(name.replace(".py", ""))),
      ),
      accessPoint: this.#accessPoint,
      bootMs: options.bootMs ?? 100,
      computeLimitMs: options.computeLimitMs ?? 10_000,
      mayFail: options.mayFail ?? false,
      record: (line) => this.trace.push(line),
    });
    this.nodes.push(node);
    return node;
  }

  /** Puts a node on the air that runs this text. */
  run(code: string, options: BootOptions = {}): MicroPythonNode {
    return this.boot("main.py", { ...options, files: { ...options.files, "main.py": unindent(code) } });
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Makes a world.
 *
 * @example
 * await using world = createMicroPythonWorld({ seed: 1 });
 * const node = world.boot("prototype_publish.py");
 * await world.clock.advance(60_000);
 * expect(node.boots).toBe(1);
 */
export function createMicroPythonWorld(options?: MicroPythonWorldOptions): MicroPythonWorld {
  return new MicroPythonWorld(options);
}

function readPythonFiles(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith(".py"));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

/** Takes the indentation of the first line off all lines. */
function unindent(code: string): string {
  const lines = code.replace(/^\n/, "").split("\n");
  const indent = /^ */.exec(lines[0] ?? "")?.[0] ?? "";
  return lines.map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line)).join("\n");
}
