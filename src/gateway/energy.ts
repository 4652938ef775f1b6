import { frameAirtimeMs } from "../device/index.ts";
import type { NodeEnergy } from "../topics/index.ts";
import type { NativeEnergy } from "../wire/index.ts";

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
  /** How many frames that sending was. */
  readonly frames: number;
  /** What it has told itself, which counts in place of a guess; `undefined` if it never has. */
  readonly told?: ToldEnergy | undefined;
}

/** What a node has told of its work, added up. */
export interface ToldEnergy {
  /** Whether it tells how long it was awake. */
  readonly awake: boolean;
  readonly framesSent: number;
  readonly sendFailures: number;
}

/** Two frames that are further apart belong to two wakes, in milliseconds. */
const wakeGapMs = 5000;
const dayMs = 86_400_000;
const yearHours = 365.25 * 24;

/** Keeps the account of one node. */
export class EnergyAccount {
  /** Changed in place: that happens with every frame. */
  readonly #record: { -readonly [Key in keyof EnergyRecord]: EnergyRecord[Key] };

  constructor(now: number, record?: EnergyRecord) {
    this.#record = record ? { ...record } : { since: now, wakes: 0, awakeMs: 0, sendingMs: 0, frames: 0 };
  }

  /** A frame was heard, so many milliseconds after the one before. */
  heard(payloadBytes: number, sinceLastMs: number): void {
    const record = this.#record;
    const sendingMs = frameAirtimeMs(payloadBytes);
    const isNewWake = sinceLastMs > wakeGapMs;
    if (isNewWake) record.wakes++;
    if (!record.told?.awake) record.awakeMs += isNewWake ? sendingMs : sinceLastMs;
    record.sendingMs += sendingMs;
    record.frames++;
  }

  /** The node says what it did since it last said so. Frames that failed were not heard: each counts as long as those that were. */
  told({ awakeMs, framesSent = 0, sendFailures = 0 }: Omit<NativeEnergy, `battery${string}`>): void {
    const record = this.#record;
    const before = record.told ?? { awake: false, framesSent: 0, sendFailures: 0 };
    const meanMs = record.frames > 0 ? record.sendingMs / record.frames : frameAirtimeMs(0);
    if (awakeMs !== undefined && !before.awake) record.awakeMs = 0;
    record.awakeMs += awakeMs ?? 0;
    record.sendingMs += sendFailures * meanMs;
    record.told = {
      awake: before.awake || awakeMs !== undefined,
      framesSent: before.framesSent + framesSent,
      sendFailures: before.sendFailures + sendFailures,
    };
  }

  toRecord(): EnergyRecord {
    return { ...this.#record };
  }

  report(now: number, currents: EnergyConfig): NodeEnergy {
    const { since, wakes, awakeMs, told } = this.#record;
    const spanMs = Math.max(1, now - since);
    const sendingMs = Math.min(this.#record.sendingMs, awakeMs);
    const charge =
      (sendingMs * currents.sending_ma +
        (awakeMs - sendingMs) * currents.awake_ma +
        Math.max(0, spanMs - awakeMs) * (currents.asleep_ua / 1000)) /
      spanMs;
    return {
      wakes,
      awake: round(awakeMs / 1000),
      sending: round(this.#record.sendingMs / 1000),
      listening: round((awakeMs - sendingMs) / 1000),
      mAhPerYear: spanMs < dayMs ? null : Math.round(charge * yearHours),
      ...(told && { framesSent: told.framesSent, sendFailures: told.sendFailures }),
    };
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
