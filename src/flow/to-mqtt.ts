import { messageOf, Ring } from "../base/index.ts";
import { formatEvent, type SensorEvent } from "./event.ts";
import type { MessageLink, QoS } from "./message-link.ts";
import { assertLimit, createCounts, type Sink, type SinkOptions } from "./sink.ts";
import { Trouble } from "./trouble.ts";

/** How events are published. */
export interface ToMqttOptions<T> extends SinkOptions {
  /** Default 1. */
  readonly qos?: QoS;
  /** Whether the broker keeps the last one for later subscribers. Default false. */
  readonly retain?: boolean;
  /** Makes the payload. Default: the JSON array of {@link formatEvent}. */
  readonly format?: (event: T) => string | Uint8Array;
  /** How many messages are given to the client at once. Default 500. */
  readonly window?: number;
}

/**
 * Publishes events in order. While the broker is away they wait here, up to `limit`.
 *
 * @param topic where to, or what says so for each event
 * @throws `flow/bad-option`
 */
export function toMqtt<T = SensorEvent<unknown>>(
  link: Pick<MessageLink, "publish">,
  topic: string | ((event: T) => string),
  options: ToMqttOptions<T> = {},
): Sink<T> {
  return new MqttSink(link, topic, options);
}

class MqttSink<T> implements Sink<T> {
  readonly counts = createCounts();
  readonly done: Promise<void>;
  readonly #link: Pick<MessageLink, "publish">;
  readonly #topic: string | ((event: T) => string);
  readonly #options: ToMqttOptions<T>;
  readonly #format: (event: T) => string | Uint8Array;
  readonly #window: number;
  readonly #waiting: Ring<T>;
  readonly #trouble: Trouble;
  readonly #publishOptions: { qos: QoS; retain: boolean };
  readonly #onTaken: () => void;
  readonly #onFailed: (error: unknown) => void;
  #inflight = 0;
  #ended = false;
  #finish: () => void = () => {};

  constructor(
    link: Pick<MessageLink, "publish">,
    topic: string | ((event: T) => string),
    options: ToMqttOptions<T>,
  ) {
    this.#link = link;
    this.#topic = topic;
    this.#options = options;
    this.#format = options.format ?? ((event) => formatEvent(event as SensorEvent<unknown>));
    this.#window = assertLimit("window", options.window ?? 500);
    this.#waiting = new Ring<T>(assertLimit("limit", options.limit ?? 10_000));
    this.#trouble = new Trouble(options.say);
    this.#publishOptions = { qos: options.qos ?? 1, retain: options.retain ?? false };
    this.done = new Promise((resolve) => (this.#finish = resolve));
    // Made once, not for each of very many events.
    this.#onTaken = () => {
      this.counts.written++;
      this.#trouble.ends(() => `events are published again; ${this.counts.refused} were refused so far`);
      this.#settle();
    };
    this.#onFailed = (error) => {
      this.counts.refused++;
      this.#trouble.begins(`an event could not be published: ${messageOf(error)}`);
      this.#settle();
    };
  }

  get waiting(): number {
    return this.#waiting.size + this.#inflight;
  }

  next(event: T): void {
    this.counts.accepted++;
    if (this.#ended) {
      this.counts.dropped++;
      return;
    }
    if (this.#inflight < this.#window && this.#waiting.size === 0) {
      this.#publish(event);
      return;
    }
    if (this.#waiting.size === this.#waiting.limit) {
      this.counts.dropped++;
      if (this.#options.policy === "drop-newest") return;
    }
    this.#waiting.pushEvicting(event);
  }

  error(error: unknown): void {
    this.#options.say?.(`the source of published events failed: ${messageOf(error)}`);
    this.complete();
  }

  complete(): void {
    this.#ended = true;
    if (this.waiting === 0) this.#finish();
  }

  close(): void {
    this.#ended = true;
    this.counts.dropped += this.#waiting.size;
    this.#waiting.clear();
    this.#finish();
  }

  #publish(event: T): void {
    let topic: string;
    let payload: string | Uint8Array;
    try {
      topic = typeof this.#topic === "string" ? this.#topic : this.#topic(event);
      payload = this.#format(event);
    } catch (error) {
      this.counts.refused++;
      this.#trouble.begins(`an event could not be published: ${messageOf(error)}`);
      return;
    }
    this.#inflight++;
    this.#link.publish(topic, payload, this.#publishOptions).then(this.#onTaken, this.#onFailed);
  }

  #settle(): void {
    this.#inflight--;
    while (this.#inflight < this.#window && this.#waiting.size > 0) this.#publish(this.#waiting.shift() as T);
    if (this.#ended && this.waiting === 0) this.#finish();
  }
}
