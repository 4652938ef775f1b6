import { type AbortSignalLike, withAbort } from "../base/index.ts";
import type { MqttClient } from "./client.ts";
import type { PublishOptions } from "./client-options.ts";
import { Deferred } from "./deferred.ts";
import { assertWhole } from "./options.ts";

/** How a stream is published. */
export interface PublishStreamOptions extends PublishOptions {
  /** How many of its messages may be unsettled before the source has to wait, 1 or more. Default 250. */
  readonly window?: number;
}

/**
 * Publishes everything that a source gives, a message each, without waiting for each to be acknowledged: the source is
 * held back only while as many as the window takes are unsettled. Resolves with their number when all are settled. When
 * one fails, or the signal is aborted, the source is ended, and what is under way is waited for.
 *
 * @throws as `publish` of the first that failed, and what the source throws
 *
 * @example
 * await publishStream(client, "camera/picture", createReadStream("picture.jpg"), { qos: 1 });
 */
export async function publishStream(
  client: MqttClient,
  topic: string,
  source: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
  { window = 250, ...options }: PublishStreamOptions = {},
): Promise<number> {
  assertWhole("window", window, 1, Infinity);
  const underWay = new UnderWay();
  let count = 0;
  for await (const payload of endOnAbort(source, options.signal)) {
    underWay.add(client.publish(topic, payload, options));
    await underWay.until(window - 1);
    if (underWay.failure) break;
    count++;
  }
  await underWay.until(0);
  if (underWay.failure) throw underWay.failure.error;
  return count;
}

/** What a source gives, until the signal is aborted, though it be silent then: it is told to end, and not waited for. */
async function* endOnAbort<T>(
  source: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignalLike | undefined,
): AsyncGenerator<T> {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let isDone = false;
  try {
    while (!isDone) {
      const result = await withAbort(Promise.resolve(iterator.next()), signal);
      isDone = result.done === true;
      if (!isDone) yield result.value as T;
    }
  } finally {
    if (!isDone) void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

/** Messages that are not settled yet. */
class UnderWay {
  /** The first one. */
  failure: { readonly error: unknown } | undefined;
  #count = 0;
  #settled = new Deferred<void>();

  add(publishing: Promise<void>): void {
    this.#count++;
    publishing.then(
      () => this.#settle(),
      (error: unknown) => {
        this.failure ??= { error };
        this.#settle();
      },
    );
  }

  /** Waits until there are no more than so many. */
  async until(limit: number): Promise<void> {
    while (this.#count > limit) {
      this.#settled = new Deferred();
      await this.#settled.promise;
    }
  }

  #settle(): void {
    this.#count--;
    this.#settled.resolve();
  }
}
