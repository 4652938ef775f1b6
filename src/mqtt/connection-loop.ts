import {
  type Backoff,
  type BackoffOptions,
  type BytePort,
  type Clock,
  createAborter,
  createBackoff,
  messageOf,
  type MoteqError,
  type OpenBytePort,
  type Random,
  sleep,
  withAbort,
} from "../base/index.ts";
import { mqttErrors } from "./errors.ts";

/** How a {@link ConnectionLoop} goes about it. */
export interface ConnectionLoopOptions {
  /** Ways to the broker, or to several that are as good as one, tried in turn. */
  readonly ways: readonly OpenBytePort[];
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff: BackoffOptions | undefined;
  /** How long opening may take, and how long a connection has to stand to count as a success. */
  readonly responseTimeoutMs: number;
}

/** What became of a connection. */
export interface ConnectionResult {
  /** Whether the broker accepted it. */
  readonly accepted: boolean;
  /** Why it ended. */
  readonly error: MoteqError | undefined;
  /** Whether it was only to prepare the next one, which is due at once. */
  readonly again?: boolean;
}

/** Whom a loop opens connections for. */
export interface ConnectionLoopOwner {
  /** The attempt is counted from the last connection that was accepted, beginning with 1. */
  onAttempt(attempt: number): void;
  /** Uses the port until it is closed; calls {@link ConnectionLoop.next} then. */
  serve(port: BytePort): void;
  onRetry(error: MoteqError | undefined, retryInMs: number): void;
  /** The loop was stopped, and the last connection is over. */
  onStop(): void;
}

/**
 * Connects, and connects again, until it is stopped; the first time is like any other. Nothing of it waits while a
 * connection stands, since that is most of the time.
 */
export class ConnectionLoop {
  readonly #options: ConnectionLoopOptions;
  readonly #owner: ConnectionLoopOwner;
  #backoff: Backoff | undefined;
  #attempt = 0;
  /** Which way is tried next. */
  #way = 0;
  /** Since when the present connection is open. */
  #since = 0;
  /** Ends the opening or waiting that is under way. */
  #abort: ((reason: Error) => void) | undefined;
  #stopped: Error | undefined;

  constructor(options: ConnectionLoopOptions, owner: ConnectionLoopOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  /** By which of the ways the present connection goes, from 0. */
  get way(): number {
    return this.#way;
  }

  /** Opens a connection for its owner. Never rejects. */
  async start(): Promise<void> {
    if (this.#stopped) return this.#owner.onStop();
    this.#owner.onAttempt(++this.#attempt);
    let port: BytePort;
    try {
      port = await this.#open();
    } catch (cause) {
      const message = `the broker could not be reached: ${messageOf(cause)}`;
      return this.next({ accepted: false, error: mqttErrors.create("mqtt/unreachable", message, { cause }) });
    }
    if (this.#stopped) {
      port.close("abort");
      return this.#owner.onStop();
    }
    this.#since = this.#options.clock.monotonic();
    this.#owner.serve(port);
  }

  /** There is no connection (any more): opens the next one when it is time for that. */
  async next({ accepted, error, again }: ConnectionResult): Promise<void> {
    const { clock, random, backoff, responseTimeoutMs, ways } = this.#options;
    // One that breaks at once, again and again, is no success: whoever does that must not be hammered.
    if (accepted && clock.monotonic() - this.#since >= responseTimeoutMs) this.#backoff = undefined;
    if (!again && !this.#stopped) {
      if (accepted) this.#attempt = 0;
      else this.#way = (this.#way + 1) % ways.length;
      // All ways are tried at once; then it's time to wait.
      const retryInMs =
        accepted || this.#way === 0 ? (this.#backoff ??= createBackoff(random, backoff)).next() : 0;
      this.#owner.onRetry(error, retryInMs);
      await sleep(clock, retryInMs, this.#begin().signal).catch(() => {});
    }
    return this.start();
  }

  /** Ends waiting and opening; a connection that stands is its owner's to close. */
  stop(reason: Error): void {
    this.#stopped = reason;
    this.#abort?.(reason);
  }

  /** Something begins that `stop` ends. */
  #begin(): ReturnType<typeof createAborter> {
    const aborter = createAborter();
    if (this.#stopped) aborter.abort(this.#stopped);
    this.#abort = aborter.abort;
    return aborter;
  }

  async #open(): Promise<BytePort> {
    const { clock, responseTimeoutMs, ways } = this.#options;
    const { signal, abort } = this.#begin();
    const timer = clock.setTimer(responseTimeoutMs, () =>
      abort(new Error(`the connection was not open within ${responseTimeoutMs} ms`)),
    );
    const opening = Promise.resolve().then(() => (ways[this.#way] as OpenBytePort)({ signal }));
    try {
      return await withAbort(opening, signal);
    } catch (error) {
      // One that opens after all is nobody's.
      opening.then(
        (port) => port.close("abort"),
        () => {},
      );
      throw error;
    } finally {
      timer.cancel();
      this.#abort = undefined;
    }
  }
}
