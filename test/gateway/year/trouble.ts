import { type Random, randomInteger } from "../../../src/base/index.ts";
import type { VirtualClock } from "../../../src/virtual/index.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** What can go wrong besides frames. */
export interface Victims {
  readonly kill: (downMs: number) => void;
  readonly restart: () => void;
  readonly brokerAway: (away: boolean) => void;
  /** One of the gateway's two radios is pulled off, or put back. */
  readonly radioPulled: (place: number, pulled: boolean) => void;
  /** Somebody asks for a move, so many seconds ahead. */
  readonly moveChannel: (channel: number, seconds: number) => void;
  /** A node is out of reach, or back. */
  readonly outOfRange: (node: number, out: boolean) => void;
}

/** In how many hours each thing goes wrong once, at some hour of them. */
const periods = {
  killed: 4,
  restarted: 48,
  brokerOut: 40,
  radioPulled: 48,
  channelMoved: 96,
  clockStepped: 48,
} as const;

/** How often a node goes out of reach, in times a day. */
const outOfRangeRate = 1 / 30;

type Kind = keyof typeof periods | "outOfRange";

/** Sees to it that things go wrong, from a seed; most of it while nodes are awake. */
export class Trouble {
  readonly counts: Record<Kind, number> = {
    killed: 0,
    restarted: 0,
    brokerOut: 0,
    radioPulled: 0,
    channelMoved: 0,
    clockStepped: 0,
    outOfRange: 0,
  };
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #victims: Victims;
  readonly #nodes: number;
  readonly #busyMs: number;
  /** For how many reasons something is away at this moment: such times may overlap. */
  readonly #reasons = new Map<string, number>();
  readonly #out = new Set<number>();
  /** In which hour of its present period a thing goes wrong. */
  readonly #chosen = new Map<Kind, number>();
  #hours = 0;

  /** @param busyMs for how long after each full hour nodes wake */
  constructor(
    clock: VirtualClock,
    random: Random,
    options: { victims: Victims; nodes: number; busyMs: number },
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#victims = options.victims;
    this.#nodes = options.nodes;
    this.#busyMs = options.busyMs;
  }

  /** Chooses what goes wrong in the hour that begins now. */
  hour(): void {
    const now = this.#hours++;
    for (const kind of Object.keys(periods) as (keyof typeof periods)[]) {
      const period = periods[kind];
      if (now % period === 0) this.#chosen.set(kind, now + randomInteger(this.#random, 0, period - 1));
      if (this.#chosen.get(kind) === now) this.#sometime(kind);
    }
    const expected = (this.#nodes * outOfRangeRate) / 24;
    for (let left = expected; left > 0; left--) {
      if (this.#random.next() < left) this.#sometime("outOfRange");
    }
  }

  #sometime(kind: Kind): void {
    const isBusy = this.#random.next() < 0.8;
    this.#clock.setTimer(this.#random.next() * (isBusy ? this.#busyMs : hour - minute), () => {
      this.#happen(kind);
    });
  }

  #happen(kind: Kind): void {
    this.counts[kind]++;
    const { kill, restart, moveChannel } = this.#victims;
    switch (kind) {
      case "killed":
        kill(this.#span(0.02 * second, hour));
        return;
      case "restarted":
        restart();
        return;
      case "brokerOut":
        this.#loseBroker(this.#span(minute, 8 * hour));
        return;
      case "radioPulled":
        this.#pullRadio(randomInteger(this.#random, 0, 1), this.#span(second, 3 * hour));
        return;
      case "channelMoved":
        moveChannel(randomInteger(this.#random, 1, 13), Math.round(this.#span(minute, 6 * hour) / second));
        return;
      case "clockStepped":
        this.#clock.step((this.#random.next() < 0.5 ? -1 : 1) * this.#span(second, 3 * hour));
        return;
      case "outOfRange":
        this.#goAway(randomInteger(this.#random, 0, this.#nodes - 1));
    }
  }

  /** Troubles seldom come alone: the gateway dies with what waits for the broker. */
  #loseBroker(durationMs: number): void {
    this.#forAWhile("broker", durationMs, this.#victims.brokerAway);
    if (this.#random.next() < 0.5) {
      this.#clock.setTimer(this.#random.next() * durationMs, () => this.#happen("killed"));
    }
  }

  #pullRadio(place: number, durationMs: number): void {
    this.#forAWhile(`radio ${place}`, durationMs, (pulled) => this.#victims.radioPulled(place, pulled));
  }

  #forAWhile(what: string, durationMs: number, set: (away: boolean) => void): void {
    const reasons = this.#reasons.get(what) ?? 0;
    this.#reasons.set(what, reasons + 1);
    if (reasons === 0) set(true);
    this.#clock.setTimer(durationMs, () => {
      const left = (this.#reasons.get(what) ?? 1) - 1;
      this.#reasons.set(what, left);
      if (left === 0) set(false);
    });
  }

  #goAway(node: number): void {
    if (this.#out.has(node)) return;
    this.#out.add(node);
    this.#victims.outOfRange(node, true);
    this.#clock.setTimer(this.#span(minute, 50 * hour), () => {
      this.#out.delete(node);
      this.#victims.outOfRange(node, false);
    });
  }

  /** A span in milliseconds, short ones as likely as ones ten times as long. */
  #span(from: number, to: number): number {
    return from * (to / from) ** this.#random.next();
  }
}
