import type { Clock } from "../../base/index.ts";

/** So many pieces in a millisecond are a stream. A question and its answer in turns come slower, even on one machine. */
const piecesOfStream = 16;
/** Shorter pieces are acknowledgements: somebody waits for them. They do not count. */
export const shortestMessage = 32;
/** Longer pieces are cheap for their length. */
const longestPiece = 16_384;
/** How long a stream is left to gather, in milliseconds. */
const pauseMs = 1;

/**
 * Lets a fast stream of small messages gather for a millisecond at a time: to be woken for each of them costs the
 * processor many times what the message itself does.
 */
export class ReadPace {
  readonly #clock: Clock;
  readonly #hold: (held: boolean) => void;
  #windowStart = -Infinity;
  #pieces = 0;
  #bytes = 0;
  /** What the next read has to bring for the stream to go on; 0 while there is none. */
  #expected = 0;

  /** @param hold stops reading, or goes on */
  constructor(clock: Clock, hold: (held: boolean) => void) {
    this.#clock = clock;
    this.#hold = hold;
  }

  /** A piece of so many bytes was read. */
  count(length: number): void {
    if (length < shortestMessage || length > longestPiece) return;
    if (this.#expected > 0) {
      if (length >= this.#expected) return this.#pause();
      this.#expected = 0;
      this.#restart();
    }
    this.#pieces++;
    this.#bytes += length;
    if (this.#pieces < piecesOfStream) return;
    // As much as several pieces: otherwise waiting gathers nothing.
    const several = (this.#bytes / this.#pieces) * 4;
    if (this.#restart() > pauseMs) return;
    this.#expected = several;
    this.#pause();
  }

  #pause(): void {
    this.#hold(true);
    this.#clock.setTimer(pauseMs, () => this.#hold(false));
  }

  /** Begins to count anew; returns how long the last count took. */
  #restart(): number {
    const now = this.#clock.monotonic();
    const took = now - this.#windowStart;
    this.#windowStart = now;
    this.#pieces = 0;
    this.#bytes = 0;
    return took;
  }
}
