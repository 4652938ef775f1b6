import type { Clock, Random } from "../base/index.ts";
import type { FiveLines, InputLine, OutputLine } from "../device/index.ts";

/** How simulated lines behave. All times in milliseconds of the clock. */
export interface FiveLinesOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How long each end takes to see a change: from 0.01 to this, at random each time. Default 0.1. */
  readonly slownessMs?: number;
  /** How often in a change the other end sees a level that is wrong for a moment, 0 … 1. Default 0. */
  readonly glitches?: number;
}

/** Five lines between a host and a modem, both ends. */
export interface FiveLinesPair {
  readonly host: FiveLines;
  readonly modem: FiveLines;
  /** The modem crashes: its lines stay as they are until the reset line has been low. */
  crash(): void;
  /** Edges of both clock lines so far. */
  readonly edges: { host: number; modem: number };
}

/** One wire: what is written at one end is seen at the other a little later. */
class Wire implements InputLine, OutputLine {
  /** Whether the writing end is dead. */
  isDead = false;
  onEdge: () => void = nothing;
  readonly #options: FiveLinesOptions;
  #level: 0 | 1 = 0;
  #glitch = false;
  #listener: () => void = nothing;

  constructor(options: FiveLinesOptions) {
    this.#options = options;
  }

  read(): 0 | 1 {
    return this.#glitch ? ((this.#level ^ 1) as 0 | 1) : this.#level;
  }

  listen(onChange: () => void): void {
    this.#listener = onChange;
  }

  write(level: 0 | 1): void {
    if (this.isDead || level === this.#level) return;
    this.#level = level;
    this.onEdge();
    const { clock, random, slownessMs = 0.1, glitches = 0 } = this.#options;
    const tell = (laterMs: number) => clock.setTimer(laterMs, () => this.#listener());
    tell(0.01 + random.next() * slownessMs);
    if (random.next() >= glitches) return;
    // An interference some time later, as long as a slow end takes to look.
    clock.setTimer(random.next() * slownessMs * 4, () => {
      this.#glitch = true;
      this.#listener();
      clock.setTimer(0.02, () => {
        this.#glitch = false;
        this.#listener();
      });
    });
  }
}

/** Joins a host and a modem by five simulated lines; at first the reset line is high, and all others low. */
export function createFiveLines(options: FiveLinesOptions): FiveLinesPair {
  const quiet = { ...options, glitches: 0 };
  const [hostClock, modemClock] = [new Wire(options), new Wire(options)];
  const [hostData, modemData] = [new Wire(quiet), new Wire(quiet)];
  const reset = new Wire(quiet);
  reset.write(1);
  const edges = { host: 0, modem: 0 };
  hostClock.onEdge = () => edges.host++;
  modemClock.onEdge = () => edges.modem++;
  reset.onEdge = () => {
    if (reset.read() === 0) modemClock.isDead = modemData.isDead = false;
  };
  const close = nothing;
  return {
    host: { clockIn: modemClock, dataIn: modemData, clockOut: hostClock, dataOut: hostData, reset, close },
    modem: { clockIn: hostClock, dataIn: hostData, clockOut: modemClock, dataOut: modemData, reset, close },
    edges,
    crash() {
      modemClock.isDead = true;
      modemData.isDead = true;
    },
  };
}

function nothing(): void {}
