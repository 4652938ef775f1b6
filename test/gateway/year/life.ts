import type { Clock } from "../../../src/base/index.ts";

/** One life of the gateway's process: when it is over, nothing of it goes on. */
export class Life {
  readonly clock: Clock;
  #over = false;

  constructor(clock: Clock) {
    this.clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      setTimer: (delayMs, callback) =>
        clock.setTimer(delayMs, () => {
          if (!this.#over) callback();
        }),
    };
  }

  get isOver(): boolean {
    return this.#over;
  }

  end(): void {
    this.#over = true;
  }
}
