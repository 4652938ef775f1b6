import { type Clock, createAborter, sleep } from "../base/index.ts";
import type { GatewayStore, StoreChange } from "./store.ts";

/** How many changes may wait before nothing new is taken. */
const maximumBacklog = 100_000;
/** How long after a failure the store is tried again, in milliseconds. */
const retryMs = 1000;

/** Turns of the microtask queue: the link hands over what it was given at the end of the first, and says so in the next. */
const turnsToGather = 4;
const endOfTurn = Promise.resolve();

/** Changes that are committed together, and who is to be called when they are. */
class Batch {
  /** In the order in which they came. */
  readonly changes = new Set<StoreChange>();
  readonly callbacks: (() => void)[] = [];

  get isEmpty(): boolean {
    return this.changes.size === 0 && this.callbacks.length === 0;
  }

  settle(onDefect: (error: unknown) => void): void {
    for (const callback of this.callbacks) {
      try {
        callback();
      } catch (error) {
        onDefect(error);
      }
    }
  }
}

/** What a journal stands on. */
export interface JournalOptions {
  readonly store: GatewayStore;
  readonly clock: Clock;
  /** The store could not be written to; it is tried again. */
  readonly onFailure: (error: unknown) => void;
  /** Somebody who was to be called threw: a defect, which keeps nobody else waiting. Default: nobody is told. */
  readonly onDefect?: (error: unknown) => void;
}

/**
 * Brings changes to the store: in order, one batch at a time, as many in a batch as have come meanwhile. A batch that fails is
 * tried again until it does not.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #closer = createAborter();
  #next = new Batch();
  #current: Batch | undefined;
  #isRunning = false;
  #isFailing = false;
  #closed = false;
  /** Who waits for the batch under way to be committed, or to fail for the first time. */
  #attempts: (() => void)[] = [];

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Whether the store is so far behind that nothing new should be taken. */
  get overloaded(): boolean {
    return this.#next.changes.size >= maximumBacklog;
  }

  /** Whether what was added cannot be written at present. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  add(change: StoreChange): void {
    if (this.#closed) return;
    this.#next.changes.add(change);
    if (!this.#isRunning) void this.#run();
  }

  /** Takes a change back; `false` if it is too late for that. */
  withdraw(change: StoreChange): boolean {
    return this.#next.changes.delete(change);
  }

  /**
   * Calls back when all that was added so far is committed, however long that takes, or at once if nothing waits. Callbacks,
   * since there is one for nearly every frame that is heard; they must not throw.
   */
  whenFlushed(callback: () => void): void {
    const batch = this.#batchOfLast();
    if (batch) batch.callbacks.push(callback);
    else callback();
  }

  /** Settles when all that was added so far is committed, never if that is given up; `undefined` if nothing waits. */
  flushed(): Promise<void> | undefined {
    const batch = this.#batchOfLast();
    return batch && new Promise((resolve) => batch.callbacks.push(resolve));
  }

  /** Settles when all that was added so far is committed, or cannot be at present. */
  async attempted(): Promise<void> {
    const flushed = this.flushed();
    if (!flushed || this.#isFailing) return;
    await new Promise<void>((resolve) => {
      this.#attempts.push(resolve);
      void flushed.then(resolve);
    });
  }

  /** Gives up what cannot be written, and takes nothing more. */
  close(): void {
    this.#closed = true;
    this.#closer.abort(new Error("the journal was closed"));
  }

  /** The batch of what was added last; `undefined` if all is committed. */
  #batchOfLast(): Batch | undefined {
    if (!this.#isRunning) return undefined;
    return this.#next.changes.size > 0 ? this.#next : (this.#current ?? this.#next);
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { onDefect = () => {} } = this.#options;
    this.#isRunning = true;
    // What else changes in this turn goes into the same batch, and what the broker's link takes in it need not be written.
    for (let turn = 0; turn < turnsToGather; turn++) await endOfTurn;
    // Whoever is called may add something: that goes into a batch of its own.
    while (!this.#next.isEmpty) {
      const batch = this.#next;
      this.#current = batch;
      this.#next = new Batch();
      // What could not be written to the end is nobody's to rely on.
      // All of it may have been withdrawn.
      if (batch.changes.size > 0 && !(await this.#commit([...batch.changes]))) return;
      batch.settle(onDefect);
    }
    this.#current = undefined;
    this.#isRunning = false;
  }

  /** `false` if the journal was closed before the changes could be written. */
  async #commit(changes: readonly StoreChange[]): Promise<boolean> {
    const { store, clock, onFailure } = this.#options;
    for (;;) {
      try {
        await store.commit(changes);
        this.#isFailing = false;
        this.#attempts = [];
        return true;
      } catch (error) {
        this.#isFailing = true;
        for (const resolve of this.#attempts.splice(0)) resolve();
        onFailure(error);
        if (this.#closed) return false;
        await sleep(clock, retryMs, this.#closer.signal).catch(() => {});
        if (this.#closed) return false;
      }
    }
  }
}
