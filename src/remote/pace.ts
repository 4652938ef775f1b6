import type { Clock } from "../base/index.ts";

/** So much may be on its way at first where the board answers soon, in bytes, and what soon is, in milliseconds. */
const firstBytes = 65_536;
const soonMs = 300;
/** So much may be, however slow the line is: in shorter parts than an eighth of it, topics would be much of what is sent. */
const leastBytes = 8192;
/** On a slow line a window goes in so many parts, so that the board can say often what it has. */
const partsInWindow = 8;
/** What takes so much longer than the fastest part did waits for what was sent before it, in milliseconds. */
const shortWaitMs = 1000;
const longWaitMs = 2000;

/**
 * How much of a file is on its way at once: in the end as much as the line carries in two or three seconds, or the least. A
 * board allows more than that, and a broker takes all at once; on a slow line everything else for the board, what feeds its
 * watchdog too, would stand behind the parts for minutes. So it begins with little, takes more with each part that arrives soon, and half where they
 * come to wait (as TCP Vegas does: Brakmo, O'Malley and Peterson, 1994).
 */
export class Pace {
  readonly #clock: Clock;
  #bytes: number;
  /** How long the last part that arrived was on its way, and the fastest, in milliseconds. */
  #lastMs: number;
  #leastMs = Number.POSITIVE_INFINITY;
  /** What is on its way: where each part ends, and when it was sent. */
  #sent: { readonly end: number; readonly at: number }[] = [];
  /** The window was halved: what was sent before says nothing of what it is now. */
  #changedAt = Number.NEGATIVE_INFINITY;
  #have = 0;

  /** @param roundTripMs how long a short question and its answer took, in milliseconds: a line that is very slow shows in it */
  constructor(clock: Clock, roundTripMs: number) {
    this.#clock = clock;
    this.#lastMs = roundTripMs;
    this.#bytes = Math.max(leastBytes, Math.floor(firstBytes * Math.min(1, soonMs / roundTripMs)));
  }

  /** How many bytes may be on their way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How long the last part that arrived was on its way, or the question before, in milliseconds. */
  get delayMs(): number {
    return this.#lastMs;
  }

  /** How long a part may be where the board takes `most` bytes. */
  partOf(most: number): number {
    return Math.max(1, Math.min(most, Math.floor(this.#bytes / partsInWindow)));
  }

  /** Nothing is on its way any more; the board has so much. The line may be another one by now. */
  restart(have: number): void {
    this.#sent = [];
    this.#have = have;
    this.#leastMs = Number.POSITIVE_INFINITY;
  }

  /** A part was sent that ends there. */
  sent(end: number): void {
    this.#sent.push({ end, at: this.#clock.monotonic() });
  }

  /** The board has all up to there. @param most how much it allows to be on its way */
  arrived(have: number, most: number): void {
    const behind = this.#sent.findIndex(({ end }) => end > have);
    const arrived = this.#sent.splice(0, behind < 0 ? this.#sent.length : behind);
    const last = arrived.at(-1);
    if (!last) return;
    const came = have - this.#have;
    this.#have = have;
    const now = this.#clock.monotonic();
    this.#lastMs = now - last.at;
    this.#leastMs = Math.min(this.#leastMs, this.#lastMs);
    const waitedMs = this.#lastMs - this.#leastMs;
    if (waitedMs <= shortWaitMs) {
      this.#bytes = Math.max(this.#bytes, Math.min(this.#bytes + came, most));
    } else if (waitedMs > longWaitMs && last.at >= this.#changedAt) {
      this.#bytes = Math.max(leastBytes, Math.floor(this.#bytes / 2));
      this.#changedAt = now;
    }
  }
}
