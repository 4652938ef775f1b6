import { type Clock, createSeededRandom } from "../../src/base/index.ts";
import { systemClock } from "../../src/node/index.ts";
import { Air } from "../../src/virtual/index.ts";
import { MicroPythonNode } from "../micropython/node.ts";
import { Turns } from "../micropython/turns.ts";
import { boardModules } from "../micropython/world.ts";
import { openPseudoTerminal, type PseudoTerminal } from "../support/pseudo-terminal.ts";
import { dongleAddress, firmware } from "./dongle-world.ts";

/** The air must not be what limits: a hundred times the real one. Timers of Node take a millisecond or more. */
const fastClock: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 100,
  setTimer(delayMs, callback) {
    if (delayMs >= 1000) return systemClock.setTimer(delayMs / 100, callback);
    const immediate = setImmediate(callback);
    return { cancel: () => clearImmediate(immediate) };
  },
};

/** A board of real MicroPython behind a pseudo-terminal, in real time, and the air that it is on. */
export class RealDongle {
  readonly terminal: PseudoTerminal;
  readonly air: Air;
  readonly board: MicroPythonNode;
  readonly #turns = new Turns(1);

  private constructor(terminal: PseudoTerminal, files: Readonly<Record<string, string>>) {
    this.terminal = terminal;
    this.air = new Air({ clock: fastClock, random: createSeededRandom(1) });
    const join = (address: string) => this.air.join({ address, awake: false });
    this.board = new MicroPythonNode({
      clock: systemClock,
      turns: this.#turns,
      radio: join(dongleAddress),
      join,
      console: terminal.end,
      script: "main.py",
      files,
      firmware: boardModules,
      accessPoint: undefined,
      bootMs: 100,
      computeLimitMs: 10_000,
      mayFail: false,
      record: () => {},
    });
  }

  /** Guard the tests that need it with `describe.runIf(have("socat"))`. */
  static async start(files: Readonly<Record<string, string>> = { "main.py": firmware }): Promise<RealDongle> {
    return new RealDongle(await openPseudoTerminal(), files);
  }

  /** Where its port is. */
  get path(): string {
    return this.terminal.path;
  }

  /** Pulls it out: no power, no port. */
  async unplug(): Promise<void> {
    this.board.powerOff();
    await this.terminal.unplug();
  }

  async plugIn(): Promise<void> {
    await this.terminal.plugIn();
    this.board.connect(this.terminal.end);
    this.board.powerOn();
  }

  /** Ends it, and rejects if its program did what it must not. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.board.close();
    await this.terminal[Symbol.asyncDispose]();
    this.#turns.throwIfFailed();
  }
}
