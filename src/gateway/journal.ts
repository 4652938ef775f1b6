import type { GatewayStore, StoreChange } from "./store.ts";

/** How many changes may wait before nothing new is taken. */
const maximumBacklog = 100_000;

/** Brings changes to the store: in order, one batch at a time, as many in a batch as have come meanwhile. */
export class Journal {
  readonly #store: GatewayStore;
  readonly #onFailure: (error: unknown) => void;
  #pending: StoreChange[] = [];
  /** Settles when the last batch is done, the one that what is added now would be in. */
  #last: Promise<void> | undefined;

  constructor(store: GatewayStore, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#onFailure = onFailure;
  }

  /** Whether the store is so far behind that nothing new should be taken. */
  get overloaded(): boolean {
    return this.#pending.length >= maximumBacklog;
  }

  add(change: StoreChange): void {
    this.#pending.push(change);
    // The first of a batch sees to the batch, when the one before is done.
    if (this.#pending.length === 1) this.#last = this.#commitAfter(this.#last);
  }

  /** Settles when all that was added so far is committed, or has failed to be; `undefined` if nothing waits. */
  flushed(): Promise<void> | undefined {
    return this.#last;
  }

  /** Never rejects. */
  async #commitAfter(before: Promise<void> | undefined): Promise<void> {
    // At least one turn, so that what else changes in this one goes into the same batch.
    await before;
    const batch = this.#pending;
    this.#pending = [];
    try {
      await this.#store.commit(batch);
    } catch (error) {
      this.#onFailure(error);
    }
    if (this.#pending.length === 0) this.#last = undefined;
  }
}
