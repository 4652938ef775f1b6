import type { AbortSignalLike } from "./abort.ts";
import { onAbort } from "./abort.ts";
import { Ring } from "./ring.ts";

/**
 * Hands items from where they arise to one `for await` loop. Bounded: at the limit the oldest item goes and is
 * counted in `dropped`.
 */
export class AsyncQueue<T> implements AsyncIterable<T> {
  /** How many items had to go because nobody took them in time. */
  dropped = 0;
  readonly #items: Ring<T>;
  readonly #waiting: { resolve: (result: IteratorResult<T>) => void; reject: (error: unknown) => void }[] =
    [];
  #end: { error?: unknown } | undefined;

  constructor(limit: number) {
    this.#items = new Ring<T>(limit);
  }

  get size(): number {
    return this.#items.size;
  }

  /** Adds an item; without effect after the end. */
  push(item: T): void {
    if (this.#end) return;
    const waiter = this.#waiting.shift();
    if (waiter) {
      waiter.resolve({ done: false, value: item });
      return;
    }
    if (this.#items.pushEvicting(item) !== undefined) this.dropped++;
  }

  /** Ends the stream behind the items it still holds; with an error, the reader's loop throws it. */
  end(error?: unknown): void {
    if (this.#end) return;
    this.#end = error === undefined ? {} : { error };
    for (const waiter of this.#waiting.splice(0)) {
      if (error === undefined) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(error);
    }
  }

  /** The next item; `done` after the end. Rejects with the signal's reason when aborted: no item is lost by that. */
  next(signal?: AbortSignalLike): Promise<IteratorResult<T>> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#items.size > 0) return Promise.resolve({ done: false, value: this.#items.shift() as T });
    if (this.#end) {
      return "error" in this.#end
        ? Promise.reject(this.#end.error)
        : Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => {
      const waiter = {
        resolve: (result: IteratorResult<T>) => {
          release();
          resolve(result);
        },
        reject: (error: unknown) => {
          release();
          reject(error);
        },
      };
      this.#waiting.push(waiter);
      const release = onAbort(signal, () => {
        const index = this.#waiting.indexOf(waiter);
        if (index >= 0) this.#waiting.splice(index, 1);
        reject(signal?.reason);
      });
    });
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return {
      next: () => this.next(),
      return: () => {
        this.end();
        this.#items.clear();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}
