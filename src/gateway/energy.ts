import { frameAirtimeMs } from "../device/index.ts";
import type { NodeEnergy } from "../topics/index.ts";

/** The currents of a node, by which its account is kept. */
export interface EnergyConfig {
  /** While it is awake and not sending, in mA. Default 80: an ESP32 with its radio on. */
  readonly awake_ma: number;
  /** While it is sending, in mA. Default 170. */
  readonly sending_ma: number;
  /** While it is asleep, in µA. Default 20. */
  readonly asleep_ua: number;
}

/** What a node has spent; kept with its record. */
export interface EnergyRecord {
  /** Since when, in milliseconds since 1970. */
  readonly since: number;
  readonly wakes: number;
  readonly awakeMs: number;
  readonly sendingMs: number;
}

/** Two frames that are further apart belong to two wakes, in milliseconds. */
const wakeGapMs = 5000;
const dayMs = 86_400_000;
const yearHours = 365.25 * 24;

/** Keeps the account of one node. */
export class EnergyAccount {
  #since: number;
  #wakes: number;
  #awakeMs: number;
  #sendingMs: number;
  /** What it has itself told of its time awake counts, not the guess. */
  #tellsItself = false;

  constructor(now: number, record?: EnergyRecord) {
    this.#since = record?.since ?? now;
    this.#wakes = record?.wakes ?? 0;
    this.#awakeMs = record?.awakeMs ?? 0;
    this.#sendingMs = record?.sendingMs ?? 0;
  }

  /** A frame was heard, so many milliseconds after the one before. */
  heard(payloadBytes: number, sinceLastMs: number): void {
    const sendingMs = frameAirtimeMs(payloadBytes);
    this.#sendingMs += sendingMs;
    const isNewWake = sinceLastMs > wakeGapMs;
    if (isNewWake) this.#wakes++;
    if (!this.#tellsItself) this.#awakeMs += isNewWake ? sendingMs : sinceLastMs;
  }

  /** The node says how long it was awake since it last said so. */
  toldAwake(milliseconds: number): void {
    if (!this.#tellsItself) this.#awakeMs = 0;
    this.#tellsItself = true;
    this.#awakeMs += milliseconds;
  }

  toRecord(): EnergyRecord {
    return { since: this.#since, wakes: this.#wakes, awakeMs: this.#awakeMs, sendingMs: this.#sendingMs };
  }

  report(now: number, currents: EnergyConfig): NodeEnergy {
    const spanMs = Math.max(1, now - this.#since);
    const sendingMs = Math.min(this.#sendingMs, this.#awakeMs);
    const charge =
      (sendingMs * currents.sending_ma +
        (this.#awakeMs - sendingMs) * currents.awake_ma +
        Math.max(0, spanMs - this.#awakeMs) * (currents.asleep_ua / 1000)) /
      spanMs;
    return {
      wakes: this.#wakes,
      awake: round(this.#awakeMs / 1000),
      sending: round(this.#sendingMs / 1000),
      mAhPerYear: spanMs < dayMs ? null : Math.round(charge * yearHours),
    };
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
