/**
 * Lets one board run at a time, in the order in which they became ready, and tells when all stand still. Threads
 * race; with turns they cannot, and a run can be repeated.
 */
export class Turns {
  readonly #quietRounds: number;
  readonly #waiting: (() => void)[] = [];
  #running = false;
  #stoodStill: (() => void) | undefined;
  #failure: Error | undefined;

  /** @param quietRounds how often the event loop must go round with no board running before time may go on */
  constructor(quietRounds: number) {
    this.#quietRounds = quietRounds;
  }

  /** Asks for a turn; `run` sets the board going when it comes. */
  take(run: () => void): void {
    this.#waiting.push(run);
    this.#next();
  }

  /** Ends the turn of the board that runs. */
  end(): void {
    this.#running = false;
    this.#next();
    if (!this.#running) this.#stoodStill?.();
  }

  /** Makes the next `settle` reject: what a board did wrong must not pass unseen. */
  fail(error: Error): void {
    this.#failure ??= error;
  }

  /** For the clock: resolves when every board waits for something and nothing else is left to do. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < this.#quietRounds; quiet++) {
      if (this.#running) {
        await new Promise<void>((resolve) => {
          this.#stoodStill = resolve;
        });
        quiet = 0;
      }
      this.throwIfFailed();
      await new Promise(setImmediate);
      if (this.#running) quiet = -1;
    }
  }

  /** Throws what a board did wrong since this was last asked. */
  throwIfFailed(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
  }

  #next(): void {
    if (this.#running) return;
    const run = this.#waiting.shift();
    if (!run) return;
    this.#running = true;
    run();
  }
}
