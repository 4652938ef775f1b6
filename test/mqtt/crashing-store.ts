import type { Clock } from "../../src/base/index.ts";
import {
  applyChange,
  type SessionStore,
  type StoreChange,
  type StoredMessage,
  type StoredSession,
} from "../../src/mqtt/index.ts";

/** A disk that takes its time, and the lives of those who write to it, which end in the middle of anything. */
export class CrashingDisk {
  readonly messages = new Map<number, StoredMessage>();
  readonly received = new Set<number>();
  #way: number | undefined;
  readonly #clock: Clock;
  #life = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the present life: what it has not written yet, it never will. */
  crash(): void {
    this.#life++;
  }

  /** The store of the present life. @param writeMs how long each call takes */
  open(writeMs: number): SessionStore {
    const life = this.#life;
    return {
      load: (): StoredSession => ({
        messages: [...this.messages.values()],
        received: [...this.received],
        way: this.#way,
      }),
      apply: (changes: readonly StoreChange[]) =>
        new Promise<void>((resolve) => {
          // Half of it is there at half time: a crash between may find that.
          const write = (from: number, to: number) => {
            if (life !== this.#life) return;
            for (const change of changes.slice(from, to)) {
              applyChange(this.messages, this.received, change);
              if (change.type === "moved") this.#way = change.way;
            }
          };
          const half = Math.floor(changes.length / 2);
          this.#clock.setTimer(writeMs / 2, () => write(0, half));
          this.#clock.setTimer(writeMs, () => {
            write(half, changes.length);
            if (life === this.#life) resolve();
          });
        }),
      close: () => Promise.resolve(),
    };
  }
}
