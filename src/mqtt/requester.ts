import {
  type AbortSignalLike,
  createAborter,
  onAbort,
  randomInteger,
  toHex,
  withAbort,
} from "../base/index.ts";
import type { MqttClient } from "./client.ts";
import { Deferred } from "./deferred.ts";
import { mqttErrors } from "./errors.ts";
import type { Message } from "./message.ts";
import type { QoS } from "../topics/index.ts";
import type { Subscription } from "./subscription.ts";

/** How a request is made. */
export interface RequestOptions {
  /** Of the request and of its answer. Default 1. */
  readonly qos?: QoS;
  /** How long to wait for the answer, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignalLike;
}

interface Pending {
  readonly answer: Deferred<Message>;
  /** Ends the waiting. */
  readonly abort: (reason: Error) => void;
}

/**
 * Asks, and gets the answer (MQTT 5, 4.10): each request says where its answer is to go and what that has to hold. All
 * answers come by one subscription, made with the first request. Needs MQTT 5 at both ends, and `respond` at the other.
 *
 * @example
 * const requester = new Requester(client);
 * const { payload } = await requester.request("shed/lamp/get", "");
 */
export class Requester {
  readonly #client: MqttClient;
  readonly #responseTopic: string | undefined;
  readonly #pending = new Map<string, Pending>();
  #subscription: Promise<Subscription> | undefined;
  #isClosed = false;

  /** @param responseTopic where answers go; must be this client's alone. Default `reply/` and the client id */
  constructor(client: MqttClient, responseTopic?: string) {
    this.#client = client;
    this.#responseTopic = responseTopic;
  }

  /** @throws as `subscribe` and `publish`, `mqtt/request-timeout`, and `mqtt/bad-option` if the client speaks MQTT 3.1.1 */
  async request(
    topic: string,
    payload: string | Uint8Array,
    { qos = 1, timeoutMs = 10_000, signal }: RequestOptions = {},
  ): Promise<Message> {
    if (this.#isClosed) throw closedError();
    if (this.#client.version !== 5) {
      throw mqttErrors.create("mqtt/bad-option", "requests need a client with `version: 5`, got one with 4");
    }
    const limit = createAborter();
    const release = onAbort(signal, () => limit.abort(signal?.reason as Error));
    const timer = this.#client.clock.setTimer(timeoutMs, () =>
      limit.abort(
        mqttErrors.create("mqtt/request-timeout", `no answer from ${topic} within ${timeoutMs} ms`),
      ),
    );
    // Nobody else who listens to the same topic, nor an earlier life of this client, may have the same.
    const correlationData = Uint8Array.from({ length: 8 }, () => randomInteger(this.#client.random, 0, 255));
    const key = toHex(correlationData);
    const answer = new Deferred<Message>();
    this.#pending.set(key, { answer, abort: limit.abort });
    try {
      const { filter: responseTopic } = await withAbort(this.#listen(qos), limit.signal);
      const properties = { responseTopic, correlationData };
      await this.#client.publish(topic, payload, { qos, properties, signal: limit.signal });
      return await withAbort(answer.promise, limit.signal);
    } finally {
      this.#pending.delete(key);
      timer.cancel();
      release();
    }
  }

  /** Takes no more answers: requests that wait, and further ones, reject with `mqtt/closed`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { abort } of this.#pending.values()) abort(closedError());
    const subscription = await this.#subscription;
    await subscription?.unsubscribe();
  }

  #listen(qos: QoS): Promise<Subscription> {
    if (!this.#subscription) {
      this.#subscription = this.#subscribe(qos);
      // One that failed is no reason not to try again.
      this.#subscription.catch(() => {
        this.#subscription = undefined;
      });
    }
    return this.#subscription;
  }

  async #subscribe(qos: QoS): Promise<Subscription> {
    // It may be the broker who names the client.
    if (this.#client.clientId === "") await this.#client.ready();
    const topic = this.#responseTopic ?? `reply/${this.#client.clientId}`;
    return this.#client.subscribe(topic, { qos }, (message) => {
      const { correlationData } = message.properties ?? {};
      if (correlationData) this.#pending.get(toHex(correlationData))?.answer.resolve(message);
    });
  }
}

function closedError(): Error {
  return mqttErrors.create("mqtt/closed", "the requester was closed");
}

/**
 * Answers a request. `false`, and nothing is sent, if it asks for no answer.
 *
 * @throws as `publish`
 */
export async function respond(
  client: MqttClient,
  request: Message,
  payload: string | Uint8Array,
  options: { readonly qos?: QoS; readonly signal?: AbortSignalLike } = {},
): Promise<boolean> {
  const { responseTopic, correlationData } = request.properties ?? {};
  if (responseTopic === undefined) return false;
  const properties = correlationData ? { correlationData } : {};
  await client.publish(responseTopic, payload, { qos: request.qos, ...options, properties });
  return true;
}
