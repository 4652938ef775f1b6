import {
  type Backoff,
  type BackoffOptions,
  type Clock,
  createAborter,
  createBackoff,
  messageOf,
  type Random,
  Ring,
  sleep,
} from "../base/index.ts";
import { flowErrors } from "./errors.ts";
import { assertLimit, createCounts, type Sink, type SinkOptions } from "./sink.ts";
import { Trouble } from "./trouble.ts";

/** How a {@link BatchSink} works. */
export interface BatchSinkOptions extends SinkOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** What it writes to, as it is called when there is trouble. */
  readonly name: string;
  /** How many items are written at once, at the most. Default 500. */
  readonly batch?: number;
  /** How long an item waits for others to be written with, in milliseconds. Default 1000. */
  readonly lingerMs?: number;
  /** How attempts are spaced. */
  readonly backoff?: BackoffOptions;
}

/**
 * Writes items in batches, in order, one batch at a time. What fails is tried again for ever, with growing delays; a batch
 * that is refused (`flow/refused`) is halved until the item that is to blame stands alone and is left out.
 */
export class BatchSink<T> implements Sink<T> {
  readonly counts = createCounts();
  readonly done: Promise<void>;
  readonly #write: (batch: readonly T[]) => Promise<void>;
  readonly #options: BatchSinkOptions;
  readonly #waiting: Ring<T>;
  readonly #batch: number;
  readonly #backoff: Backoff;
  readonly #trouble: Trouble;
  readonly #closer = createAborter();
  #underWay = 0;
  #running = false;
  #ended = false;
  #closed = false;
  #wakeUp: (() => void) | undefined;
  #finish: () => void = () => {};

  /**
   * @param write brings a batch to where it belongs; rejects with `flow/refused` what is not to be tried again
   * @throws `flow/bad-option`
   */
  constructor(write: (batch: readonly T[]) => Promise<void>, options: BatchSinkOptions) {
    this.#write = write;
    this.#options = options;
    this.#waiting = new Ring<T>(assertLimit("limit", options.limit ?? 10_000));
    this.#batch = assertLimit("batch", options.batch ?? 500);
    this.#backoff = createBackoff(options.random, options.backoff);
    this.#trouble = new Trouble(options.say);
    this.done = new Promise((resolve) => (this.#finish = resolve));
  }

  get waiting(): number {
    return this.#waiting.size + this.#underWay;
  }

  next(item: T): void {
    this.counts.accepted++;
    if (this.#ended || this.#closed) {
      this.counts.dropped++;
      return;
    }
    if (this.#options.policy === "drop-newest") {
      if (!this.#waiting.push(item)) this.counts.dropped++;
    } else {
      if (this.#waiting.size === this.#waiting.limit) this.counts.dropped++;
      this.#waiting.pushEvicting(item);
    }
    if (this.#waiting.size >= this.#batch) this.#wakeUp?.();
    this.#start();
  }

  error(error: unknown): void {
    this.#options.say?.(`the source of ${this.#options.name} failed: ${messageOf(error)}`);
    this.complete();
  }

  complete(): void {
    this.#ended = true;
    this.#wakeUp?.();
    this.#start();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.counts.dropped += this.#waiting.size;
    this.#waiting.clear();
    this.#closer.abort(new Error("the sink was closed"));
    this.#wakeUp?.();
    this.#finish();
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#closed) {
      if (this.#waiting.size < this.#batch && !this.#ended) await this.#linger();
      const batch: T[] = [];
      while (batch.length < this.#batch && this.#waiting.size > 0) batch.push(this.#waiting.shift() as T);
      this.#underWay = batch.length;
      await this.#bring(batch);
      this.#underWay = 0;
    }
    this.#running = false;
    if (this.#ended) this.#finish();
  }

  /** Waits for more to write at once. */
  async #linger(): Promise<void> {
    const { clock, lingerMs = 1000 } = this.#options;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimer(lingerMs, resolve);
      this.#wakeUp = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#wakeUp = undefined;
  }

  async #bring(batch: readonly T[]): Promise<void> {
    const { name, clock } = this.#options;
    while (batch.length > 0) {
      if (this.#closed) {
        this.counts.dropped += batch.length;
        return;
      }
      try {
        await this.#write(batch);
        this.counts.written += batch.length;
        this.#backoff.reset();
        this.#trouble.ends(() => `${name} takes events again; ${this.counts.dropped} were dropped so far`);
        return;
      } catch (error) {
        if (flowErrors.is(error, "flow/refused")) return this.#split(batch, error.message);
        this.counts.failures++;
        this.#trouble.begins(`${name} does not take events: ${messageOf(error)}; trying again until it does`);
        await sleep(clock, this.#backoff.next(), this.#closer.signal).catch(() => {});
      }
    }
  }

  async #split(batch: readonly T[], why: string): Promise<void> {
    if (batch.length === 1) {
      this.counts.refused++;
      if (this.counts.refused === 1) this.#options.say?.(`${this.#options.name} refuses an event: ${why}`);
      return;
    }
    const middle = batch.length >> 1;
    await this.#bring(batch.slice(0, middle));
    await this.#bring(batch.slice(middle));
  }
}
