import { type SchedulerAction, type SchedulerLike, Subscription } from "rxjs";
import type { Clock, Timer } from "../base/index.ts";

/**
 * rxjs's time operators on a clock of moteq's: give it to `bufferTime`, `debounceTime`, `timeout` and their kin, and
 * they run in virtual time too.
 *
 * @example
 * events.pipe(bufferTime(60_000, null, 100, createClockScheduler(clock)));
 */
export function createClockScheduler(clock: Clock): SchedulerLike {
  return {
    now: () => clock.now(),
    schedule<T>(work: (this: SchedulerAction<T>, state: T) => void, delay = 0, state?: T): Subscription {
      return new ClockAction(clock, work).schedule(state, delay);
    },
  };
}

/** Work that runs once, and again for as long as it schedules itself. */
class ClockAction<T> extends Subscription implements SchedulerAction<T> {
  readonly #clock: Clock;
  readonly #work: (this: SchedulerAction<T>, state: T) => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, work: (this: SchedulerAction<T>, state: T) => void) {
    super();
    this.#clock = clock;
    this.#work = work;
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(delay, () => {
      this.#timer = undefined;
      this.#work(state as T);
      if (!this.#timer) this.unsubscribe();
    });
    return this;
  }

  override unsubscribe(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    super.unsubscribe();
  }
}
