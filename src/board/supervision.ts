import type { ResetMode } from "../wire/index.ts";
import {
  type Boot,
  type BootLimits,
  type BootRecord,
  confirmBoot,
  excuseBoot,
  type ImageSlot,
  planBoot,
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
  /** Keep a report of what ended the agent. */
  | { readonly do: "report"; readonly cause: string }
  /** Find out whether the broker answers; `probed` follows. */
  | { readonly do: "probe" }
  /** Tell the agent what is known of its boot. */
  | { readonly do: "tell" };

/** The longest delay before an agent that ends again and again is started anew; a quarter of the watchdog's time if less. */
const longestDelayMs = 30_000;
const usualDelayMs = 500;
/** What made a delay grow is forgotten when an agent ran for so long. */
const steadyMs = 60_000;
/** Safe mode is held twice as long for each relapse, up to so many times. */
const mostDoublings = 6;

/**
 * Keeps a board manageable: starts its agent, ends it when it hangs or is no longer fed, counts boots. It knows neither
 * processes nor clocks: it is told of them, and says what is to be done.
 *
 * A board that is not fed is started again only if the broker answers somebody else: an outage of the broker is no fault of
 * the board. A new image gets no such patience, since it may be what keeps the board from the broker: going back harms nobody.
 */
export class Supervision {
  record: BootRecord;
  boot: Boot = { slot: "factory", mode: "normal", trial: false };
  confirmed = false;
  readonly #limits: SupervisionLimits;
  readonly #isSound: (slot: ImageSlot) => boolean;
  #running = false;
  #startedAt = 0;
  #beatAt = 0;
  #firstFedAt: number | undefined;
  #lastFedAt: number | undefined;
  /** From when on the timeout counts. */
  #patientSince = 0;
  #probing = false;
  /** Since when the broker has answered somebody else, while the board was not fed. */
  #answersSince: number | undefined;
  #excused = false;
  #quickEnds = 0;
  /** Why the agent was told to end; `asked` is no failure. */
  #ending: { readonly cause: string; readonly asked: ResetMode | undefined } | undefined;

  constructor(record: BootRecord, limits: SupervisionLimits, isSound: (slot: ImageSlot) => boolean) {
    this.record = record;
    this.#limits = limits;
    this.#isSound = isSound;
  }

  /** The first boot. */
  start(): SupervisionEffect[] {
    return this.#plan(0);
  }

  /** The agent was started. */
  started(now: number): SupervisionEffect[] {
    this.#running = true;
    this.#startedAt = this.#beatAt = this.#patientSince = now;
    this.#firstFedAt = this.#lastFedAt = this.#answersSince = undefined;
    this.#probing = this.#excused = this.confirmed = false;
    this.#ending = undefined;
    return [{ do: "tell" }];
  }

  /** The agent lives: its event loop turns. */
  beat(now: number): void {
    this.#beatAt = now;
  }

  /** A message went round through broker and REPL. */
  fed(now: number): SupervisionEffect[] {
    this.#beatAt = this.#lastFedAt = this.#patientSince = now;
    this.#answersSince = undefined;
    this.#firstFedAt ??= now;
    if (this.confirmed || now - this.#firstFedAt < this.#confirmMs()) return [];
    this.confirmed = true;
    this.record = confirmBoot(this.record, this.boot);
    const effects: SupervisionEffect[] = [{ do: "save", record: this.record }, { do: "tell" }];
    if (this.boot.mode === "safe" && this.#limits.revert) {
      this.#ending = { cause: "confirmed in safe mode", asked: "soft" };
      effects.push({ do: "stop", hard: false });
    }
    return effects;
  }

  /** Somebody asked for a reset. */
  reset(mode: ResetMode): SupervisionEffect[] {
    if (mode === "normal" || mode === "safe") this.record = { ...this.record, next: mode };
    if (!this.confirmed) this.record = excuseBoot(this.record, this.boot);
    this.#ending = { cause: `reset (${mode})`, asked: mode };
    return [
      { do: "save", record: this.record },
      { do: "stop", hard: mode === "hard" },
    ];
  }

  /** A slot is about to be written. */
  vacate(slot: ImageSlot): SupervisionEffect[] {
    this.record = vacateSlot(this.record, slot);
    return [{ do: "save", record: this.record }];
  }

  /** An image is in its slot, whole and proven. */
  stage(slot: ImageSlot, image: StagedImage): SupervisionEffect[] {
    this.record = stageImage(this.record, slot, image);
    return [{ do: "save", record: this.record }, { do: "tell" }];
  }

  /** Whether the broker answers somebody who is not the agent. */
  probed(now: number, answers: boolean): SupervisionEffect[] {
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
    this.#excused = true;
    this.record = excuseBoot(this.record, this.boot);
    return [{ do: "save", record: this.record }];
  }

  /** Time has passed; call it every second or so. */
  tick(now: number): SupervisionEffect[] {
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
  exited(now: number, how: string): SupervisionEffect[] {
    const ending = this.#ending;
    this.#running = false;
    this.#ending = undefined;
    this.#quickEnds = now - this.#startedAt < steadyMs ? this.#quickEnds + 1 : 0;
    const { timeoutMs } = this.#limits;
    const longestMs = Math.min(longestDelayMs, timeoutMs / 4);
    const afterMs = Math.min(usualDelayMs * 2 ** Math.min(Math.max(0, this.#quickEnds - 1), 10), longestMs);
    if (ending?.asked === "soft" && this.boot.mode === "normal")
      return [{ do: "start", boot: this.boot, afterMs: 0 }];
    if (ending?.asked !== undefined) return this.#plan(0);
    return [{ do: "report", cause: ending ? ending.cause : how }, ...this.#plan(afterMs)];
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
    const { record, boot } = planBoot(this.record, this.#limits, this.#isSound);
    this.record = record;
    this.boot = boot;
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
