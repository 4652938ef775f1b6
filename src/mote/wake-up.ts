import { type AbortSignalLike, type Clock, onAbort, type Timer } from "../base/index.ts";

/** Waits for something to happen, but not for ever. */
export class WakeUp {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something has happened: all waits end. */
  ring(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Waits for the next `ring`; `false` after `waitMs` without one. @throws the signal's reason */
  wait(waitMs: number, signal: AbortSignalLike | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const stop = () => {
        this.#waiting.delete(wake);
        timer?.cancel();
        release();
      };
      const wake = () => {
        stop();
        resolve(true);
      };
      let release = doNothing;
      this.#waiting.add(wake);
      if (waitMs < Infinity) {
        timer = this.#clock.setTimer(waitMs, () => {
          stop();
          resolve(false);
        });
      }
      release = onAbort(signal, () => {
        stop();
        reject(signal?.reason);
      });
    });
  }
}

function doNothing(): void {}
