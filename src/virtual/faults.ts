import { type Random, show } from "../base/index.ts";
import { virtualErrors } from "./errors.ts";

/**
 * What goes wrong with frames, by chance. It can be set for the whole air, for a radio (what it sends and what it
 * hears) and for a directed pair; where several apply, each strikes on its own. All chances are 0 … 1, default 0.
 */
export interface Faults {
  /** The chance that a frame does not arrive, after all that the hardware repeats by itself. */
  readonly loss?: number;
  /** The chance that a frame arrives and its acknowledgement does not. */
  readonly acknowledgementLoss?: number;
  /** The chance that a frame arrives twice, the second time a frame's length later. */
  readonly duplicate?: number;
  /** The chance that `send` says the opposite of what the hardware saw. */
  readonly lie?: number;
  /** Extra time between the air and the receiving program, in milliseconds. Default 0. */
  readonly delayMs?: number;
  /** Up to so many milliseconds more, by chance: frames may overtake each other. Default 0. */
  readonly jitterMs?: number;
}

type Chance = "loss" | "acknowledgementLoss" | "duplicate" | "lie";

/** All faults that one frame meets. */
export class FaultSet {
  readonly #random: Random;
  readonly #all: readonly Faults[];

  constructor(random: Random, all: readonly (Faults | undefined)[]) {
    this.#random = random;
    this.#all = all.filter((faults) => faults !== undefined);
  }

  /** Whether this fault strikes now. */
  strikes(name: Chance): boolean {
    let spared = 1;
    for (const faults of this.#all) spared *= 1 - (faults[name] ?? 0);
    return spared < 1 && this.#random.next() >= spared;
  }

  /** The extra time of one frame, in milliseconds. */
  delayMs(): number {
    let delay = 0;
    for (const { delayMs = 0, jitterMs = 0 } of this.#all) {
      delay += delayMs + (jitterMs > 0 ? this.#random.next() * jitterMs : 0);
    }
    return delay;
  }
}

/** @throws `virtual/bad-option` */
export function assertFaults(faults: Faults): void {
  for (const [name, value] of Object.entries(faults) as [string, number][]) {
    const limit = name.endsWith("Ms") ? Infinity : 1;
    if (value >= 0 && value <= limit) continue;
    throw virtualErrors.create("virtual/bad-option", `${name} is 0 to ${limit}, got ${show(value)}`);
  }
}
