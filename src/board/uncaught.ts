import type { Clock } from "../base/index.ts";
import type { Logger } from "./log.ts";

/** So many in a minute are logged with their stacks; the others are counted. */
const mostAMinute = 10;
const minuteMs = 60_000;

/**
 * Logs what nobody catches, of modules and of what was evaluated: a slip that somebody types from afar must not end the modules
 * of a board. Whether the board is still manageable, the watchdog knows.
 */
export class UncaughtErrors {
  readonly #logger: Logger;
  readonly #clock: Clock;
  #logged = 0;
  #unsaid = 0;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Logs one; ten in a minute with their stacks. Never throws, whatever it is given. */
  take(error: unknown): void {
    if (this.#logged === 0) this.#clock.setTimer(minuteMs, () => this.#endMinute());
    if (this.#logged < mostAMinute) {
      this.#logged++;
      this.#logger.exception(error, "nobody has caught an error; going on");
    } else this.#unsaid++;
  }

  #endMinute(): void {
    if (this.#unsaid > 0) this.#logger.error(`${this.#unsaid} more errors were caught by nobody`);
    this.#logged = this.#unsaid = 0;
  }
}
