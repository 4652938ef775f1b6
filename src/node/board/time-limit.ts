import { Session } from "node:inspector";

/** Where the inspector finds what is to be run. */
const key = Symbol.for("moteq.limited-work");
const expression = 'globalThis[Symbol.for("moteq.limited-work")]()';

/**
 * Cuts work off that computes for too long. The `timeout` of `node:vm` makes a thread for each call, which takes longer than
 * most calls themselves; V8's inspector has one timer for all of them.
 */
export class TimeLimit {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
  }

  /**
   * Runs work to its end and gives what it gives, or throws what it throws.
   *
   * @param limitMs how long it may compute, in milliseconds
   * @returns `undefined` if it was cut off: neither `catch` nor `finally` in it were run
   */
  run<T>(work: () => T, limitMs: number): { readonly value: T } | undefined {
    let result: { readonly value: T } | { readonly error: unknown } | undefined;
    const limited = () => {
      try {
        result = { value: work() };
      } catch (error) {
        result = { error };
      }
    };
    Object.defineProperty(globalThis, key, { value: limited, configurable: true });
    // This returns when the work has ended; if it left nothing, it was cut off.
    this.#session.post("Runtime.evaluate", { expression, timeout: limitMs, silent: true });
    if (result && "error" in result) throw result.error;
    return result;
  }
}
