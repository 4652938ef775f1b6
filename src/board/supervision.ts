import type { ResetMode } from "../wire/index.ts";
import { formatBootEvent } from "./boot-event.ts";
import {
  type Boot,
  type BootLimits,
  type BootRecord,
  confirmBoot,
  excuseBoot,
  type ImageSlot,
  type ImageState,
  isInPlace,
  keepImage,
  planBoot,
  slotForImage,
  stageImage,
  type StagedImage,
  vacateSlot,
} from "./boot-record.ts";

/** The limits of a {@link Supervision}. Times are in milliseconds. */
export interface SupervisionLimits extends BootLimits {
  /** A board that is not fed for so long, though the broker answers, is started again. */
  readonly timeoutMs: number;
  /** From the first feed to the one that confirms a boot. */
  readonly confirmMs: number;
  /** An agent that does not beat for so long hangs. */
  readonly hangMs: number;
  /** Whether a confirmed safe mode goes back to normal by itself. */
  readonly revert: boolean;
}

/** What a supervision wants done. */
export type SupervisionEffect =
  /** Write the record so that it survives a power cut, before anything that follows. */
  | { readonly do: "save"; readonly record: BootRecord }
  /** Start the agent, after a delay. */
  | { readonly do: "start"; readonly boot: Boot; readonly afterMs: number }
  /** End the agent; `exited` follows. Politely at first unless `hard`. */
  | { readonly do: "stop"; readonly hard: boolean }
  /** Keep a report of what ended the agent, and of the boot that it was. */
  | { readonly do: "report"; readonly cause: string; readonly boot: Boot }
  /** Find out whether the broker answers; `probed` follows. */
  | { readonly do: "probe" }
  /** Tell the agent what is known of its boot. */
  | { readonly do: "tell"; readonly state: BootState };

/** What is known of a boot that runs. */
export interface BootState {
  readonly confirmed: boolean;
  /** What became of the last boots, in words. */
  readonly note: string | null;
  /** The slot to which a new image goes. */
  readonly freeSlot: ImageSlot;
}

/** The longest delay before an agent that ends again and again is started anew; a quarter of the watchdog's time if less. */
const longestDelayMs = 30_000;
const usualDelayMs = 500;
/** What made a delay grow is forgotten when an agent ran for so long. */
const steadyMs = 60_000;
/** Safe mode is held twice as long for each relapse, up to so many times. */
const mostDoublings = 6;
/** A supervision that was told of nothing for longer did not run itself: `tick` is called every second at the least. */
const longestGapMs = 1000;

/**
 * Keeps a board manageable: starts its agent, ends it when it hangs or is no longer fed, counts boots. It knows neither
 * processes nor clocks: it is told of them, and says what is to be done.
 *
 * A board that is not fed is started again only if the broker answers somebody else: an outage of the broker is no fault of
 * the board. A new image gets no such patience, since it may be what keeps the board from the broker: going back harms nobody.
 *
 * While it does not run itself, in a container that is paused or behind a disk that is slow, its time stands still: what the
 * agent said meanwhile has yet to be read.
 */
export class Supervision {
  record: BootRecord;
  /** What runs, or starts next. */
  boot: Boot = { slot: "factory", mode: "normal", trial: false, image: null };
  confirmed = false;
  readonly #limits: SupervisionLimits;
  readonly #check: (slot: ImageSlot) => ImageState;
  #running = false;
  /** When it was last told of anything. */
  #toldAt: number | undefined;
  /** How long it did not run itself, in all. */
  #pausedMs = 0;
  #startedAt = 0;
  #beatAt = 0;
  #firstFedAt: number | undefined;
  #lastFedAt: number | undefined;
  /** From when on the timeout counts. */
  #patientSince = 0;
  #probing = false;
  /** Since when the broker has answered somebody else, while the board was not fed. */
  #answersSince: number | undefined;
  /** Whether this boot was taken off again: it is only once. */
  #excused = false;
  /** Whether a file or an image is coming in. */
  #busy = false;
  /** Whether safe mode was confirmed, and goes back to normal as soon as nothing is coming in. */
  #revertsSoon = false;
  #quickEnds = 0;
  /** Why the agent was told to end; `asked` is no failure. */
  #ending: { readonly cause: string; readonly asked: ResetMode | undefined } | undefined;

  constructor(record: BootRecord, limits: SupervisionLimits, check: (slot: ImageSlot) => ImageState) {
    this.record = record;
    this.#limits = limits;
    this.#check = check;
  }

  /** What is known of the boot that runs. */
  get state(): BootState {
    const { event } = this.record;
    const note = event && formatBootEvent(event);
    const freeSlot = slotForImage(this.record, this.boot.slot);
    return { confirmed: this.confirmed, note, freeSlot };
  }

  /** The first boot. */
  start(): SupervisionEffect[] {
    return this.#plan(0);
  }

  /** The agent was started. */
  started(at: number): SupervisionEffect[] {
    const now = this.#watched(at);
    this.#running = true;
    this.#startedAt = this.#beatAt = this.#patientSince = now;
    this.#firstFedAt = this.#lastFedAt = this.#answersSince = undefined;
    this.#probing = this.confirmed = this.#busy = this.#revertsSoon = false;
    this.#ending = undefined;
    return [this.#tell()];
  }

  /** The agent lives: its event loop turns. @param busy whether a file or an image is coming in */
  beat(at: number, busy = false): SupervisionEffect[] {
    const now = this.#watched(at);
    this.#beatAt = now;
    this.#busy = busy;
    return this.#revert();
  }

  /** A message went round through broker and REPL. */
  fed(at: number): SupervisionEffect[] {
    const now = this.#watched(at);
    this.#beatAt = this.#lastFedAt = this.#patientSince = now;
    this.#answersSince = undefined;
    this.#firstFedAt ??= now;
    if (this.confirmed || now - this.#firstFedAt < this.#confirmMs()) return [];
    this.confirmed = true;
    this.record = confirmBoot(this.record, this.boot);
    this.#revertsSoon = this.boot.mode === "safe" && this.#limits.revert;
    return [{ do: "save", record: this.record }, this.#tell(), ...this.#revert()];
  }

  /** Somebody asked for a reset. */
  reset(mode: ResetMode): SupervisionEffect[] {
    if (mode === "normal" || mode === "safe") this.record = { ...this.record, next: mode };
    // A soft reset starts the same boot again: it has been counted, and nothing else counts it.
    if (!this.#startsSame(mode)) this.#excuse();
    this.#ending = { cause: `reset (${mode})`, asked: mode };
    return [
      { do: "save", record: this.record },
      { do: "stop", hard: mode === "hard" },
    ];
  }

  /** The whole board is ended in good order, by somebody who means it: that is no failed boot. */
  end(): SupervisionEffect[] {
    this.#excuse();
    return [{ do: "save", record: this.record }];
  }

  /** What runs is to stay: an image that waits for the next boot is forgotten. */
  keep(): SupervisionEffect[] {
    this.record = keepImage(this.record, this.boot, this.confirmed);
    return [{ do: "save", record: this.record }, this.#tell()];
  }

  /** A slot is about to be written. */
  vacate(slot: ImageSlot): SupervisionEffect[] {
    this.record = vacateSlot(this.record, slot);
    return [{ do: "save", record: this.record }];
  }

  /** An image is in its slot, whole and proven. */
  stage(slot: ImageSlot, image: StagedImage): SupervisionEffect[] {
    this.record = stageImage(this.record, slot, image);
    return [{ do: "save", record: this.record }, this.#tell()];
  }

  /** What was asked for last, by {@link keep}, {@link vacate} or {@link stage}, could not be written: it was not done. */
  takeBack(record: BootRecord): SupervisionEffect[] {
    this.record = record;
    return [this.#tell()];
  }

  /** The record can be read, which could not be read before: the next boot goes by it. */
  found(record: BootRecord): void {
    this.record = { ...record, next: this.record.next };
  }

  /** Whether the broker answers somebody who is not the agent. */
  probed(at: number, answers: boolean): SupervisionEffect[] {
    const now = this.#watched(at);
    if (!this.#probing) return [];
    this.#probing = false;
    if (!this.#running || this.#ending || !this.#isDoubted(now)) return [];
    const { timeoutMs } = this.#limits;
    if (answers) {
      // It may have come back just now: the agent gets the last quarter of the time to come back as well.
      this.#answersSince ??= now;
      return [];
    }
    this.#answersSince = undefined;
    if (this.boot.trial && !this.confirmed && now - this.#startedAt >= 2 * timeoutMs) {
      return this.#stop(
        `the new image was not fed for ${this.#unfedFor(now)}, and the broker does not answer`,
      );
    }
    // Ask again after a quarter of the time.
    this.#patientSince = now - timeoutMs / 2;
    if (this.confirmed || this.#excused || this.boot.trial) return [];
    this.#excuse();
    return [{ do: "save", record: this.record }];
  }

  /** Time has passed; call it every second at the least. */
  tick(at: number): SupervisionEffect[] {
    const now = this.#watched(at);
    if (!this.#running || this.#ending) return [];
    const { hangMs, timeoutMs } = this.#limits;
    if (now - this.#beatAt > hangMs) {
      return this.#stop(`the agent hung for ${Math.round((now - this.#beatAt) / 1000)} s`);
    }
    if (this.#answersSince !== undefined) {
      if (now - this.#answersSince < timeoutMs / 4) return [];
      return this.#stop(`not fed for ${this.#unfedFor(now)}, though the broker answers`);
    }
    if (this.#probing || !this.#isDoubted(now)) return [];
    this.#probing = true;
    return [{ do: "probe" }];
  }

  /** The agent has ended. */
  exited(at: number, how: string): SupervisionEffect[] {
    const now = this.#watched(at);
    const ending = this.#ending;
    this.#running = false;
    this.#ending = undefined;
    this.#quickEnds = now - this.#startedAt < steadyMs ? this.#quickEnds + 1 : 0;
    const { timeoutMs } = this.#limits;
    const longestMs = Math.min(longestDelayMs, timeoutMs / 4);
    const afterMs = Math.min(usualDelayMs * 2 ** Math.min(Math.max(0, this.#quickEnds - 1), 10), longestMs);
    if (ending?.asked !== undefined) {
      return this.#startsSame(ending.asked) ? [{ do: "start", boot: this.boot, afterMs: 0 }] : this.#plan(0);
    }
    const report = { do: "report", cause: ending ? ending.cause : how, boot: this.boot } as const;
    return [report, ...this.#plan(afterMs)];
  }

  /** The time by which all is measured: what has passed while this supervision ran. */
  #watched(at: number): number {
    this.#pausedMs += Math.max(0, at - (this.#toldAt ?? at) - longestGapMs);
    this.#toldAt = at;
    return at - this.#pausedMs;
  }

  /** Whether a reset starts the very same boot again. */
  #startsSame(mode: ResetMode): boolean {
    const { slot, trial } = this.boot;
    // What stands in for an image that could not be read makes room for it.
    const isMeant = trial || slot === this.record.active;
    return mode === "soft" && this.boot.mode === "normal" && isMeant && isInPlace(this.record, this.boot);
  }

  #excuse(): void {
    if (this.confirmed || this.#excused) return;
    this.#excused = true;
    this.record = excuseBoot(this.record, this.boot);
  }

  #tell(): SupervisionEffect {
    return { do: "tell", state: this.state };
  }

  /** Safe mode that was confirmed goes back to normal, but not in the middle of an update. */
  #revert(): SupervisionEffect[] {
    if (!this.#revertsSoon || this.#busy || this.#ending) return [];
    this.#ending = { cause: "confirmed in safe mode", asked: "soft" };
    return [{ do: "stop", hard: false }];
  }

  /** Three quarters of the time have passed without a feed. */
  #isDoubted(now: number): boolean {
    return now - this.#patientSince >= (this.#limits.timeoutMs * 3) / 4;
  }

  #unfedFor(now: number): string {
    return `${Math.round((now - (this.#lastFedAt ?? this.#startedAt)) / 1000)} s`;
  }

  #stop(cause: string): SupervisionEffect[] {
    this.#ending = { cause, asked: undefined };
    return [{ do: "stop", hard: true }];
  }

  #plan(afterMs: number): SupervisionEffect[] {
    const { record, boot } = planBoot(this.record, this.#limits, this.#check);
    this.record = record;
    this.boot = boot;
    this.confirmed = this.#excused = false;
    return [
      { do: "save", record },
      { do: "start", boot, afterMs },
    ];
  }

  #confirmMs(): number {
    const doublings =
      this.boot.mode === "safe" ? Math.min(Math.max(0, this.record.relapses - 1), mostDoublings) : 0;
    return this.#limits.confirmMs * 2 ** doublings;
  }
}
