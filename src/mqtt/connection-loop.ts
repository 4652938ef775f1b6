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
  readonly backoff: BackoffOptions;
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

/** What happens to the connections of a loop. */
export interface ConnectionLoopEvents {
  /** The attempt is counted from the last connection that was accepted, beginning with 1. */
  onAttempt(attempt: number): void;
  /** Uses the port until it is closed. */
  serve(port: BytePort): Promise<ConnectionResult>;
  onRetry(error: MoteqError | undefined, retryInMs: number): void;
}

/** Connects, and connects again, until it is stopped; the first time is like any other. */
export class ConnectionLoop {
  readonly #options: ConnectionLoopOptions;
  readonly #events: ConnectionLoopEvents;
  readonly #backoff: Backoff;
  readonly #stop = createAborter();
  /** Which way is tried next. */
  #way = 0;

  constructor(options: ConnectionLoopOptions, events: ConnectionLoopEvents) {
    this.#options = options;
    this.#events = events;
    this.#backoff = createBackoff(options.random, options.backoff);
  }

  /** Resolves when it was stopped and the last connection is over. Never rejects. */
  async run(): Promise<void> {
    const { clock, ways } = this.#options;
    const { signal } = this.#stop;
    for (let attempt = 1; !signal.aborted; attempt++) {
      this.#events.onAttempt(attempt);
      const { accepted, error, again } = await this.#attempt();
      if (signal.aborted) return;
      if (again) continue;
      if (accepted) attempt = 0;
      else this.#way = (this.#way + 1) % ways.length;
      // All ways are tried at once; then it's time to wait.
      const retryInMs = accepted || this.#way === 0 ? this.#backoff.next() : 0;
      this.#events.onRetry(error, retryInMs);
      await sleep(clock, retryInMs, signal).catch(() => {});
    }
  }

  /** Ends waiting and opening; a connection that stands is its owner's to close. */
  stop(reason: Error): void {
    this.#stop.abort(reason);
  }

  async #attempt(): Promise<ConnectionResult> {
    const { clock, responseTimeoutMs } = this.#options;
    let port: BytePort;
    try {
      port = await this.#open();
    } catch (cause) {
      const message = `the broker could not be reached: ${messageOf(cause)}`;
      return { accepted: false, error: mqttErrors.create("mqtt/unreachable", message, { cause }) };
    }
    const since = clock.monotonic();
    const end = await this.#events.serve(port);
    // One that breaks at once, again and again, is no success: whoever does that must not be hammered.
    if (end.accepted && clock.monotonic() - since >= responseTimeoutMs) this.#backoff.reset();
    return end;
  }

  async #open(): Promise<BytePort> {
    const { clock, responseTimeoutMs, ways } = this.#options;
    const limit = createAborter();
    const abort = () => limit.abort(this.#stop.signal.reason as Error);
    const timer = clock.setTimer(responseTimeoutMs, () =>
      limit.abort(new Error(`the connection was not open within ${responseTimeoutMs} ms`)),
    );
    this.#stop.signal.addEventListener("abort", abort);
    const opening = Promise.resolve().then(() => (ways[this.#way] as OpenBytePort)({ signal: limit.signal }));
    try {
      return await withAbort(opening, limit.signal);
    } catch (error) {
      // One that opens after all is nobody's.
      opening.then(
        (port) => port.close("abort"),
        () => {},
      );
      throw error;
    } finally {
      timer.cancel();
      this.#stop.signal.removeEventListener("abort", abort);
    }
  }
}
