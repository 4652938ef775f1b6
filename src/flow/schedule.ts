import { type Clock, messageOf, show, type Timer } from "../base/index.ts";
import { flowErrors } from "./errors.ts";

interface Task {
  readonly periodMs: number;
  readonly run: () => void;
  /** When it runs next, by the monotonic clock. */
  due: number;
}

/** What a {@link Schedule} tells of. */
export interface ScheduleOptions {
  readonly clock: Clock;
  /** A task threw; it stays scheduled. Default: it is only counted. */
  readonly onFailure?: (text: string) => void;
}

/**
 * Runs tasks at equal intervals, from start to start: they never drift, however long they take. A task whose period
 * divides that of another, or is a multiple of it, runs together with it, so that the processor wakes less often; this
 * is what ThingFlow's scheduler does.
 */
export class Schedule {
  /** How often the timer went off. */
  wakeUps = 0;
  /** Runs that were left out because the time for the next one had come. */
  missed = 0;
  /** Runs that threw. */
  failures = 0;
  /** The time that everything goes by. */
  readonly clock: Clock;
  readonly #onFailure: (text: string) => void;
  readonly #tasks = new Set<Task>();
  #timer: Timer | undefined;
  #timerDue = Infinity;

  constructor({ clock, onFailure = () => {} }: ScheduleOptions) {
    this.clock = clock;
    this.#onFailure = onFailure;
  }

  /** How many tasks there are. */
  get size(): number {
    return this.#tasks.size;
  }

  /**
   * Runs a task at once, or together with a task that it can be aligned with, and then once in each period.
   *
   * @param periodMs in milliseconds, more than 0
   * @throws `flow/bad-option`
   */
  every(periodMs: number, run: () => void): Timer {
    if (!Number.isFinite(periodMs) || periodMs <= 0) {
      throw flowErrors.create(
        "flow/bad-option",
        `a period is milliseconds, more than 0, got ${show(periodMs)}`,
      );
    }
    const task: Task = { periodMs, run, due: this.#firstTime(periodMs) };
    this.#tasks.add(task);
    this.#setTimer();
    return {
      cancel: () => {
        this.#tasks.delete(task);
        this.#setTimer();
      },
    };
  }

  /** Ends all tasks. */
  close(): void {
    this.#tasks.clear();
    this.#setTimer();
  }

  #firstTime(periodMs: number): number {
    const now = this.clock.monotonic();
    let first = now;
    let closest = -Infinity;
    for (const task of this.#tasks) {
      const shorter = Math.min(periodMs, task.periodMs);
      const longer = Math.max(periodMs, task.periodMs);
      if (longer % shorter !== 0 || shorter <= closest) continue;
      closest = shorter;
      // The next moment at which the other one runs, or would if it ran as often as this one.
      const steps = Math.max(0, Math.ceil((task.due - now) / shorter) - 1);
      first = task.due - steps * shorter;
    }
    return first;
  }

  #setTimer(): void {
    let next = Infinity;
    for (const { due } of this.#tasks) next = Math.min(next, due);
    if (next === this.#timerDue) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDue = next;
    if (next === Infinity) return;
    const delayMs = Math.max(0, next - this.clock.monotonic());
    this.#timer = this.clock.setTimer(delayMs, () => this.#wake());
  }

  #wake(): void {
    this.wakeUps++;
    const due = this.#timerDue;
    const now = Math.max(this.clock.monotonic(), due);
    this.#timerDue = Infinity;
    for (const task of this.#tasks) {
      if (task.due > now) continue;
      const passed = Math.floor((now - task.due) / task.periodMs);
      this.missed += passed;
      task.due += (passed + 1) * task.periodMs;
      this.#run(task);
    }
    this.#setTimer();
  }

  #run(task: Task): void {
    try {
      task.run();
    } catch (error) {
      this.failures++;
      this.#onFailure(`a scheduled task failed: ${messageOf(error)}`);
    }
  }
}
