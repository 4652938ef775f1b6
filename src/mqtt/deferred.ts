/**
 * A promise that somebody else settles. A rejection that nobody looks at is not reported as unhandled: these are
 * of things that the client gives up, and it tells of them in its status and statistics too.
 */
export class Deferred<T> {
  readonly promise: Promise<T>;
  /** Whether it is resolved or rejected. */
  settled = false;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  resolve(value: T): void {
    this.settled = true;
    this.#resolve(value);
  }

  reject(reason: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.promise.catch(ignore);
    this.#reject(reason);
  }
}

function ignore(): void {}
