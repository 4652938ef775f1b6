import TinyQueue from "tinyqueue";
import type { Clock, Timer } from "../base/index.ts";
import { virtualErrors } from "./errors.ts";

/** How a virtual clock is made. */
export interface VirtualClockOptions {
  /** The time of day at the start, milliseconds since 1970. Default 2026-11-20T09:05:00Z. */
  readonly startsAt?: number;
  /**
   * Lets everything that is ready run before time goes on. By default a fixed number of turns of the microtask
   * queue, which suffices where all is simulated. In Node, `() => new Promise(setImmediate)` is certain.
   */
  readonly settle?: () => Promise<void>;
}

interface VirtualTimer {
  readonly due: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/**
 * A clock that stands still until it is told to go on, so that a year passes in as long as its events take.
 * Timers go off in the order in which they are due, those of the same instant in the order in which they were set.
 */
export class VirtualClock implements Clock {
  #monotonic = 0;
  #offset: number;
  #order = 0;
  readonly #settle: () => Promise<void>;
  readonly #timers = new TinyQueue<VirtualTimer>([], (a, b) => a.due - b.due || a.order - b.order);

  constructor(options: VirtualClockOptions = {}) {
    this.#offset = options.startsAt ?? Date.UTC(2026, 10, 20, 9, 5);
    this.#settle = options.settle ?? settleMicrotasks;
  }

  now(): number {
    return this.#offset + this.#monotonic;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: VirtualTimer = {
      due: this.#monotonic + Math.max(0, delayMs),
      order: this.#order++,
      callback,
    };
    this.#timers.push(timer);
    return {
      cancel() {
        timer.callback = undefined;
      },
    };
  }

  /** Sets the time of day forward (or back, if negative) by so many milliseconds; timers don't notice. */
  step(byMs: number): void {
    this.#offset += byMs;
  }

  /** Lets `durationMs` pass: every timer due in it goes off at its time. */
  async advance(durationMs: number): Promise<void> {
    const end = this.#monotonic + durationMs;
    await this.#settle();
    while (this.#runNext(end)) await this.#settle();
    this.#monotonic = end;
  }

  /**
   * Lets time pass until `promise` settles, and settles as it does.
   *
   * @param limitMs how much virtual time it may take. Default: one hour.
   * @throws `virtual/never-settled`
   */
  async runUntil<T>(promise: Promise<T>, limitMs = 3_600_000): Promise<T> {
    const end = this.#monotonic + limitMs;
    const outcome = { settled: false };
    const mark = () => {
      outcome.settled = true;
    };
    promise.then(mark, mark);
    await this.#settle();
    while (!outcome.settled) {
      if (!this.#runNext(end)) {
        throw virtualErrors.create(
          "virtual/never-settled",
          `what was waited for did not happen within ${limitMs} ms of virtual time`,
        );
      }
      await this.#settle();
    }
    return promise;
  }

  /** Goes to the next timer that is due by `end` and runs it; `false` if there is none. */
  #runNext(end: number): boolean {
    for (;;) {
      const timer = this.#timers.peek();
      if (!timer || timer.due > end) return false;
      this.#timers.pop();
      if (!timer.callback) continue;
      this.#monotonic = Math.max(this.#monotonic, timer.due);
      timer.callback();
      return true;
    }
  }
}

async function settleMicrotasks(): Promise<void> {
  for (let turn = 0; turn < 64; turn++) await Promise.resolve();
}
