import type { MoteqError } from "../base/index.ts";

/** What happens to the link. */
export type Status =
  /** A connection is being opened; attempts are counted from the last one that the broker accepted. */
  | { readonly type: "connecting"; readonly attempt: number }
  /** The broker accepted; with `sessionPresent` it knows the session of an earlier connection. */
  | { readonly type: "connected"; readonly sessionPresent: boolean }
  /** There is no connection (any more). `mqtt/unreachable`, `mqtt/refused`, `mqtt/timeout`, … say why. */
  | { readonly type: "disconnected"; readonly error?: MoteqError | undefined; readonly retryInMs: number }
  /** The broker forgot a subscription and refuses to grant it again: its messages don't come. */
  | { readonly type: "subscription-lost"; readonly filter: string }
  /** A message was longer than `maximumPacketBytes`: it was acknowledged and let go, since the broker would send it for ever. */
  | { readonly type: "message-too-long"; readonly topic: string; readonly bytes: number }
  /** The session's store could not keep a change; it is tried again with the next one. */
  | { readonly type: "store-failed"; readonly error: MoteqError }
  /** A handler threw or rejected; the message counts as taken. */
  | { readonly type: "handler-failed"; readonly topic: string; readonly error: unknown }
  /** The client was closed. The last of all. */
  | { readonly type: "closed" };

/** How many statuses wait for a reader that is slow; then the oldest go. */
const keptStatuses = 100;

/** A loop that reads statuses. */
interface Reader {
  readonly waiting: Status[];
  /** Tells the loop that there is something to read, or that nothing comes any more. */
  wake: (() => void) | undefined;
}

/** Passes statuses on to everybody who listens. */
export class StatusFeed {
  #readers: Set<Reader> | undefined;
  readonly #onStatus: ((status: Status) => void) | undefined;
  #ended = false;

  constructor(onStatus: ((status: Status) => void) | undefined) {
    this.#onStatus = onStatus;
  }

  push(status: Status): void {
    try {
      this.#onStatus?.(status);
    } catch (error) {
      // The listener's defect shows as an unhandled rejection, which ends a Node program; the client would go on.
      void Promise.reject(error);
    }
    this.#readers?.forEach(({ waiting, wake }) => {
      waiting.push(status);
      if (waiting.length > keptStatuses) waiting.shift();
      wake?.();
    });
  }

  end(): void {
    this.#ended = true;
    this.#readers?.forEach(({ wake }) => wake?.());
  }

  /** The statuses from where a loop begins to read. */
  listen(): AsyncIterable<Status> {
    return { [Symbol.asyncIterator]: () => this.#iterate() };
  }

  async *#iterate(): AsyncGenerator<Status, void> {
    const reader: Reader = { waiting: [], wake: undefined };
    (this.#readers ??= new Set()).add(reader);
    try {
      for (;;) {
        const status = reader.waiting.shift();
        if (status) yield status;
        else if (this.#ended) return;
        else await new Promise<void>((resolve) => (reader.wake = resolve));
      }
    } finally {
      this.#readers.delete(reader);
    }
  }
}
