import type { BoardSlot } from "../wire/index.ts";
import { type BootEvent, decodeBootEvent, isAboutSafeMode } from "./boot-event.ts";

/** An image in a slot. */
export interface StagedImage {
  readonly sha256: string;
  /** In bytes. */
  readonly size: number;
  /** 128 hexadecimal digits; `null` where none is asked for. */
  readonly signature: string | null;
}

/** The slots that images are written to. */
export type ImageSlot = "a" | "b";

/** What is known of boots, kept over every restart and power cut. */
export interface BootRecord {
  /** What was confirmed last: what is gone back to. */
  readonly active: BoardSlot;
  /** A new image, and how often it was booted without being confirmed. */
  readonly trial: { readonly slot: ImageSlot; readonly boots: number } | null;
  readonly images: { readonly [Slot in ImageSlot]: StagedImage | null };
  /** Boots in a row that were not confirmed, the present one included. */
  readonly failedBoots: number;
  /** How often safe mode was entered by failed boots since the last confirmed normal boot. */
  readonly relapses: number;
  /** The mode that somebody asked for. */
  readonly next: "normal" | "safe" | null;
  /** Whether failed boots have led into safe mode, and it was not left since: that is one relapse. */
  readonly relapsed: boolean;
  /** What became of the last boots. */
  readonly event: BootEvent | null;
}

/** One boot: what runs, and how. */
export interface Boot {
  readonly slot: BoardSlot;
  readonly mode: "normal" | "safe";
  /** Whether it is a new image's. */
  readonly trial: boolean;
  /** The SHA-256 of the image that runs: its slot may hold another one before long. `null` for what was installed. */
  readonly image: string | null;
}

/** How many boots may fail. */
export interface BootLimits {
  /** After so many boots in a row that were not confirmed, safe mode; 1 or more. */
  readonly failedBoots: number;
  /** So often a new image may boot until it is confirmed; 1 or more. */
  readonly trialBoots: number;
}

/** The record of a board that was never started. */
export const freshRecord: BootRecord = {
  active: "factory",
  trial: null,
  images: { a: null, b: null },
  failedBoots: 0,
  relapses: 0,
  next: null,
  relapsed: false,
  event: null,
};

/** What a board goes by while its record cannot be read. */
export const unreadRecord: BootRecord = { ...freshRecord, event: { what: "unread-record" } };

/** What is known of an image before it boots: `unread` is one that cannot be read now, and perhaps the next time. */
export type ImageState = "sound" | "damaged" | "unread";

/**
 * Decides what boots next, and counts it as failed until it is confirmed: a power cut tells nothing. Safe mode runs what
 * was installed, whatever image came before.
 *
 * @param check whether a slot's image is there, whole, and signed as it must be
 */
export function planBoot(
  record: BootRecord,
  limits: BootLimits,
  check: (slot: ImageSlot) => ImageState,
): { readonly record: BootRecord; readonly boot: Boot } {
  let { active, trial, event, failedBoots } = record;
  if (event?.what === "unread") event = null;
  const activeState = active === "factory" ? "sound" : check(active);
  if (activeState !== "sound") event = { what: activeState, slot: active };
  if (activeState === "damaged") active = "factory";
  const trialState = trial && check(trial.slot);
  if (trial && trialState !== "sound") {
    event = { what: trialState === "unread" ? "unread" : "not-booted", slot: trial.slot };
    if (trialState === "damaged") trial = null;
  }
  if (record.next === "safe") {
    return {
      record: { ...record, active, trial, event: { what: "safe-asked" }, next: null },
      boot: safeBoot,
    };
  }
  if (trial && trial.boots >= limits.trialBoots) {
    event = { what: "went-back", slot: trial.slot, to: active };
    trial = null;
    failedBoots = 0;
  }
  if (record.next === "normal") failedBoots = 0;
  const base = { ...record, active, trial, next: null };
  if (trial && trialState === "sound") {
    const boots = trial.boots + 1;
    return {
      record: {
        ...base,
        trial: { ...trial, boots },
        failedBoots: 0,
        relapsed: false,
        event: { what: "tried", slot: trial.slot },
      },
      boot: { slot: trial.slot, mode: "normal", trial: true, image: digestIn(record, trial.slot) },
    };
  }
  if (failedBoots >= limits.failedBoots) {
    const relapses = record.relapses + (record.relapsed ? 0 : 1);
    return {
      record: { ...base, failedBoots, relapsed: true, relapses, event: { what: "safe", failedBoots } },
      boot: safeBoot,
    };
  }
  return {
    record: {
      ...base,
      failedBoots: failedBoots + 1,
      relapsed: false,
      // Safe mode that was left before it was confirmed is over.
      event: event?.what === "safe" || event?.what === "safe-asked" ? null : event,
    },
    boot:
      activeState === "sound"
        ? { slot: active, mode: "normal", trial: false, image: digestIn(record, active) }
        : factoryBoot,
  };
}

/** Whether what a boot runs is still what its slot holds: another image may have been put there meanwhile. */
export function isInPlace(record: BootRecord, boot: Boot): boolean {
  return boot.image === digestIn(record, boot.slot);
}

/**
 * The boot was shown to be manageable. In safe mode that ends the counting: the next boot is a normal one. An image that is
 * not in its slot any more is not gone back to, and one that waits for the next boot goes on waiting.
 */
export function confirmBoot(record: BootRecord, boot: Boot): BootRecord {
  if (boot.mode === "safe") return { ...record, failedBoots: 0, event: { what: "safe-confirmed" } };
  const confirmed = { ...record, failedBoots: 0, relapses: 0 };
  if (!boot.trial || !isInPlace(record, boot))
    return { ...confirmed, event: isAboutSafeMode(record.event) ? null : record.event };
  const next = record.trial?.slot === boot.slot ? null : record.trial;
  const event = next ? record.event : ({ what: "confirmed", slot: boot.slot } as const);
  return { ...confirmed, active: boot.slot, trial: next, event };
}

/** The boot was not confirmed for a reason that is not the board's: the broker is away, or somebody asked for a reset. */
export function excuseBoot(record: BootRecord, boot: Boot): BootRecord {
  if (boot.mode === "safe") return record;
  if (boot.trial) {
    const { trial } = record;
    if (trial?.slot !== boot.slot || !isInPlace(record, boot)) return record;
    return { ...record, trial: { ...trial, boots: Math.max(0, trial.boots - 1) } };
  }
  return { ...record, failedBoots: Math.max(0, record.failedBoots - 1) };
}

/** The slot that a new image goes to: never the one that is gone back to. */
export function slotForImage(record: BootRecord, running: BoardSlot): ImageSlot {
  if (record.active !== "factory") return record.active === "a" ? "b" : "a";
  return running === "a" ? "b" : "a";
}

/** A new image is in its slot, whole and proven: the next boot tries it. */
export function stageImage(record: BootRecord, slot: ImageSlot, image: StagedImage): BootRecord {
  return {
    ...record,
    images: { ...record.images, [slot]: image },
    trial: { slot, boots: 0 },
    event: { what: "staged", slot },
  };
}

/** What runs is to boot the next time as well: an image that was to be tried then is forgotten. */
export function keepImage(record: BootRecord, boot: Boot, confirmed: boolean): BootRecord {
  if (!isInPlace(record, boot) || !record.trial || record.trial.slot === boot.slot) return record;
  const trial = boot.trial && !confirmed && boot.slot !== "factory" ? { slot: boot.slot, boots: 1 } : null;
  return { ...record, trial, event: { what: "kept", slot: boot.slot } };
}

/** A slot is about to be written: what was in it does not boot any more. */
export function vacateSlot(record: BootRecord, slot: ImageSlot): BootRecord {
  const trial = record.trial?.slot === slot ? null : record.trial;
  return { ...record, images: { ...record.images, [slot]: null }, trial };
}

/** A record as it was read; the fresh one where it makes no sense. */
export function decodeBootRecord(value: unknown): BootRecord {
  if (typeof value !== "object" || value === null) return freshRecord;
  const { active, trial, images, failedBoots, relapses, next, relapsed, event } = value as Record<
    string,
    unknown
  >;
  const slots = (images ?? {}) as Record<string, unknown>;
  const slot = trial && typeof trial === "object" ? (trial as Record<string, unknown>)["slot"] : undefined;
  const boots = slot === undefined ? 0 : toCount((trial as Record<string, unknown>)["boots"]);
  return {
    active: isImageSlot(active) ? active : "factory",
    trial: isImageSlot(slot) ? { slot, boots } : null,
    images: { a: decodeStagedImage(slots["a"]), b: decodeStagedImage(slots["b"]) },
    failedBoots: toCount(failedBoots),
    relapses: toCount(relapses),
    next: next === "normal" || next === "safe" ? next : null,
    relapsed: relapsed === true,
    event: decodeBootEvent(event),
  };
}

/** An image as it was read from a file, or from an agent; `null` where it makes no sense. */
export function decodeStagedImage(value: unknown): StagedImage | null {
  if (typeof value !== "object" || value === null) return null;
  const { sha256, size, signature } = value as Record<string, unknown>;
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256) || !isCount(size)) return null;
  return typeof signature === "string" || signature === null ? { sha256, size, signature } : null;
}

/** Whether a value names a slot for images. */
export function isImageSlot(value: unknown): value is ImageSlot {
  return value === "a" || value === "b";
}

const factoryBoot: Boot = { slot: "factory", mode: "normal", trial: false, image: null };
const safeBoot: Boot = { ...factoryBoot, mode: "safe" };

function digestIn({ images }: BootRecord, slot: BoardSlot): string | null {
  return slot === "factory" ? null : (images[slot]?.sha256 ?? null);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function toCount(value: unknown): number {
  return isCount(value) ? value : 0;
}
