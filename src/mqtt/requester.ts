import { type AbortSignalLike, createAborter, onAbort, toHex, withAbort } from "../base/index.ts";
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
  readonly #pending = new Map<string, Deferred<Message>>();
  #subscription: Promise<Subscription> | undefined;
  #last = 0;

  /** @param responseTopic where answers go; must be this client's alone. Default `reply/` and the client id */
  constructor(client: MqttClient, responseTopic?: string) {
    this.#client = client;
    this.#responseTopic = responseTopic;
  }

  /** @throws as `subscribe` and `publish`, and `mqtt/request-timeout` */
  async request(
    topic: string,
    payload: string | Uint8Array,
    { qos = 1, timeoutMs = 10_000, signal }: RequestOptions = {},
  ): Promise<Message> {
    const limit = createAborter();
    const release = onAbort(signal, () => limit.abort(signal?.reason as Error));
    const timer = this.#client.clock.setTimer(timeoutMs, () =>
      limit.abort(
        mqttErrors.create("mqtt/request-timeout", `no answer from ${topic} within ${timeoutMs} ms`),
      ),
    );
    const correlationData = new Uint8Array(4);
    new DataView(correlationData.buffer).setUint32(0, ++this.#last);
    const key = toHex(correlationData);
    const answer = new Deferred<Message>();
    this.#pending.set(key, answer);
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

  /** Takes no more answers. Requests that wait run into their time limits. */
  async close(): Promise<void> {
    const subscription = await this.#subscription;
    await subscription?.unsubscribe();
  }

  #listen(qos: QoS): Promise<Subscription> {
    const topic = this.#responseTopic ?? `reply/${this.#client.clientId}`;
    this.#subscription ??= this.#client.subscribe(topic, { qos }, (message) => {
      const { correlationData } = message.properties ?? {};
      if (correlationData) this.#pending.get(toHex(correlationData))?.resolve(message);
    });
    // One that failed is no reason not to try again.
    this.#subscription.catch(() => {
      this.#subscription = undefined;
    });
    return this.#subscription;
  }
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
