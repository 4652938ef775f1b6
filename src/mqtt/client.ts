import {
  type AbortSignalLike,
  type Clock,
  type MoteqError,
  onAbort,
  type Random,
  show,
  throwIfAborted,
  utf8Length,
  withAbort,
} from "../base/index.ts";
import { assertTopicFilter, faultOfTopicName, type QoS, topicErrors } from "../topics/index.ts";
import type { AcceptedMessage, PublishOptions, SubscribeOptions } from "./client-options.ts";
import { Dispatch } from "./dispatch.ts";
import { mqttErrors, reasonError, type ReasonOf } from "./errors.ts";
import { Link } from "./link.ts";
import type { MessageHandler } from "./message.ts";
import { assertOneOf, type MqttClientOptions, resolveOptions } from "./options.ts";
import { firstFailure, longestRemaining, type MqttVersion, packetCodes } from "./packets.ts";
import { faultOfProperties, type MessageProperties, type PropertiesOf } from "./properties.ts";
import { Publication } from "./publication.ts";
import { Request } from "./requests.ts";
import type { MqttClientStats } from "./stats.ts";
import { type Status, StatusFeed } from "./status.ts";
import { ClientSubscription, type Subscription } from "./subscription.ts";

/**
 * An MQTT client that keeps its connection up: it connects again for ever, and what it was given it delivers
 * over as many connections as that takes.
 */
export class MqttClient {
  /** By which it lives. */
  readonly clock: Clock;
  readonly random: Random;
  readonly #statuses: StatusFeed;
  readonly #dispatch: Dispatch;
  readonly #link: Link;
  readonly #keepUnread: boolean;
  readonly #reasonOf: ReasonOf;
  #unread = 0;
  #isClosed = false;

  /** @throws `mqtt/bad-option`, `topics/bad-name` (of the will) */
  constructor(options: MqttClientOptions) {
    const resolved = resolveOptions(options);
    this.clock = resolved.clock;
    this.random = resolved.random;
    this.#reasonOf = resolved.reasonOf;
    this.#keepUnread = resolved.onMessage === undefined;
    this.#statuses = new StatusFeed(resolved.onStatus);
    this.#dispatch = new Dispatch(resolved.onMessage, this.#statuses);
    this.#link = new Link(resolved, this.#dispatch, this.#statuses);
  }

  /** Resolves when the client was closed and its connection is over. Never rejects. */
  get closed(): Promise<void> {
    return this.#link.closed;
  }

  /** Whether the broker has accepted the connection and it stands. */
  get connected(): boolean {
    return this.#link.connected;
  }

  /** Which MQTT it speaks: 4 for 3.1.1, 5 for 5. */
  get version(): MqttVersion {
    return this.#link.version;
  }

  /** Under which the broker knows this client: the option, or what the broker has assigned (MQTT 5). */
  get clientId(): string {
    return this.#link.clientId;
  }

  /** What the broker said of itself when it accepted the present or latest connection: nothing in MQTT 3.1.1. */
  get server(): PropertiesOf["connack"] {
    return this.#link.server;
  }

  get stats(): MqttClientStats {
    const { connections, sent, intake, queue, session } = this.#link;
    return {
      connections,
      sent,
      received: intake.received,
      queued: queue.size,
      inflight: session.inflight,
      unsettled: intake.unsettled,
      dropped: queue.dropped,
      unread: this.#unread,
      unclaimed: intake.unclaimed,
      tooLong: this.#link.tooLongs,
      duplicates: session.duplicates,
      unexpected: session.unexpected,
      handlerFailures: this.#dispatch.failures,
    };
  }

  /** Begins to connect. Without effect the second time. */
  start(): void {
    this.#link.start();
  }

  /** Resolves when the broker has accepted a connection for the first time. @throws `mqtt/closed` */
  ready(signal?: AbortSignalLike): Promise<void> {
    return withAbort(this.#link.ready(), signal);
  }

  /**
   * Publishes a message: now, or as soon as there is a connection. Resolves at QoS 0 when it was handed to the
   * connection, at QoS 1 and 2 when the broker has it for certain, however long and over how many connections that
   * takes. Messages go out in the order of the calls. A payload that is bytes must not be changed until then.
   *
   * @throws `topics/bad-name`, `mqtt/too-long`, `mqtt/queue-full`, `mqtt/message-refused`, `mqtt/closed`, and the
   * signal's reason
   */
  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Promise<void> {
    return this.#publish(topic, payload, options).promise;
  }

  /**
   * Publishes a message and resolves when it is accepted: from then on it is delivered whatever happens to the
   * connection, and with a store, at QoS 1 and 2, whatever happens to the process. With `offlineLimit` messages
   * waiting, acceptance waits; so whoever awaits it is held back by that, not by each acknowledgement.
   *
   * @throws as `publish`, and `mqtt/store-failed`
   */
  enqueue(topic: string, payload: string | Uint8Array, options?: PublishOptions): Promise<AcceptedMessage> {
    return new Promise((resolve, reject) => {
      const accepted = ({ promise }: Publication) => resolve({ delivered: promise });
      this.#publish(topic, payload, options, accepted).promise.catch(reject);
    });
  }

  #publish(
    topic: string,
    payload: string | Uint8Array,
    options: PublishOptions | undefined,
    accepted?: (publication: Publication) => void,
  ): Publication {
    const { qos = 0, retain = false, properties: given, handover, signal } = options ?? {};
    const properties = given && ownProperties(given);
    const publication = new Publication(topic, payload, qos, retain, properties);
    if (qos === 2) publication.handover = handover;
    publication.accepted = accepted;
    const fault = faultOfMessage(publication);
    if (fault) publication.reject(fault);
    else if (this.#isClosed) publication.reject(closedError());
    else if (signal?.aborted) publication.reject(signal.reason);
    else {
      this.#link.publish(publication);
      if (signal && !publication.settled) this.#forgetOnAbort(publication, signal);
    }
    return publication;
  }

  /**
   * Subscribes to a filter, now and again whenever the broker has forgotten it. Messages go to the handler, one call
   * after the other without waiting for it, or, if none is given, to whoever loops over the subscription. Subscribing
   * to the same filter again makes the broker send its retained messages again.
   *
   * @throws `topics/bad-filter`, `mqtt/subscribe-refused`, `mqtt/closed`, and the signal's reason
   */
  async subscribe(
    filter: string,
    options: SubscribeOptions = {},
    handler?: MessageHandler,
  ): Promise<Subscription> {
    const { qos = 0, signal, ...delivery } = options;
    this.#assertUsable(filter, signal);
    assertOneOf("qos", qos, [0, 1, 2]);
    const subscription: ClientSubscription = new ClientSubscription(filter, qos, {
      handler,
      keepUnread: this.#keepUnread,
      unsubscribe: () => this.#release(subscription),
      onDrop: () => {
        this.#unread++;
      },
    });
    // One filter has one QoS at the broker: the greatest that anybody here asked for.
    const others = this.#dispatch.withFilter(filter).map((other) => other.qos);
    const greatest = Math.max(qos, ...others) as QoS;
    const request = new Request("subscribe", [{ filter, qos: greatest, ...delivery }]);
    this.#dispatch.add(subscription);
    this.#link.intake.claim();
    try {
      const [reasonCode = 0] = await this.#ask(request, signal);
      if (reasonCode >= firstFailure) {
        const what = `the broker refused the subscription to ${show(filter)}`;
        throw reasonError(this.#reasonOf, "mqtt/subscribe-refused", what, reasonCode, { filter });
      }
      subscription.qos = reasonCode as QoS;
      return subscription;
    } catch (error) {
      // The broker may have it although nobody waits for that any more.
      if (signal?.aborted && request.sent) this.#release(subscription).catch(() => {});
      else this.#dispatch.delete(subscription);
      throw error;
    }
  }

  /** Ends all subscriptions to exactly this filter; resolves when the broker has confirmed it. @throws `mqtt/closed` */
  async unsubscribe(filter: string, options: { readonly signal?: AbortSignalLike } = {}): Promise<void> {
    this.#assertUsable(filter, options.signal);
    for (const subscription of this.#dispatch.withFilter(filter)) this.#dispatch.delete(subscription);
    await withAbort(this.#ask(new Request("unsubscribe", [{ filter, qos: 0 }])), options.signal);
  }

  /** What happens to the link, from where a loop over it begins. Ends when the client was closed. */
  status(): AsyncIterable<Status> {
    return this.#statuses.listen();
  }

  /**
   * Asks the broker for a sign of life: resolves with its answer. It takes packets in their order, so that whatever had been handed to
   * the connection before is with it then, messages at QoS 0 too (MQTT 3.1.1, 3.12).
   *
   * @throws `mqtt/connection-lost` if there is no connection, or it ends before
   */
  ping(signal?: AbortSignalLike): Promise<void> {
    return withAbort(this.#link.ping(), signal);
  }

  /** Resolves when everything that was asked for so far is settled, well or not. */
  async flush(signal?: AbortSignalLike): Promise<void> {
    const { queue, session } = this.#link;
    const pending = [...queue.values(), ...session.publications(), ...session.requests()];
    await withAbort(Promise.allSettled(pending.map(({ promise }) => promise as Promise<unknown>)), signal);
  }

  /**
   * Ends in good order: takes no more messages, waits for the handlers, for everything that was published and asked
   * for, and then closes. Do not await it in a handler, or in the body of a loop over a subscription: it waits for that to end. What comes meanwhile the broker keeps for the next connection of the session, if it is kept.
   */
  async drain(signal?: AbortSignalLike): Promise<void> {
    await withAbort(this.#link.intake.stop(), signal);
    await this.flush(signal);
    await this.close();
  }

  /**
   * Says goodbye to the broker and ends. What the connection takes at once still goes out; everything that waits
   * rejects with `mqtt/closed`: call `flush` before, to wait for it. Closing again gives the same promise.
   */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#link.close(closedError());
      this.#dispatch.end();
    }
    return this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertUsable(filter: string, signal: AbortSignalLike | undefined): void {
    assertTopicFilter(filter);
    if (this.#isClosed) throw closedError();
    throwIfAborted(signal);
  }

  #forgetOnAbort(publication: Publication, signal: AbortSignalLike): void {
    const release = onAbort(signal, () => this.#link.forget(publication, signal.reason));
    publication.promise.then(release, release);
  }

  async #ask(request: Request, signal?: AbortSignalLike): Promise<readonly number[]> {
    this.#link.request(request);
    const release = onAbort(signal, () => this.#link.abandon(request, signal?.reason));
    try {
      return await request.promise;
    } finally {
      release();
    }
  }

  /** Ends one subscription, and tells the broker if it was the last for its filter. */
  async #release(subscription: ClientSubscription): Promise<void> {
    const { filter } = subscription;
    const wasThere = this.#dispatch.withFilter(filter).includes(subscription);
    this.#dispatch.delete(subscription);
    if (!wasThere || this.#isClosed || this.#dispatch.withFilter(filter).length > 0) return;
    await this.#ask(new Request("unsubscribe", [{ filter, qos: 0 }]));
  }
}

/** Makes a client and starts it. @throws `mqtt/bad-option`, `topics/bad-name` (of the will) */
export function connect(options: MqttClientOptions): MqttClient {
  const client = new MqttClient(options);
  client.start();
  return client;
}

/** The properties of a message without those that only stand between the broker and whoever got it. */
function ownProperties(properties: PropertiesOf["publish"]): MessageProperties {
  const { topicAlias: _alias, subscriptionIdentifiers: _identifiers, ...own } = properties;
  return own;
}

/** Why a message cannot be carried: it must not stand in the way of those behind it, or of a later start. */
function faultOfMessage({ topic, payload, qos, properties }: Publication): Error | undefined {
  const fault = typeof topic === "string" ? faultOfTopicName(topic) : "is no text";
  if (fault) return topicErrors.create("topics/bad-name", `the topic name ${show(topic)} ${fault}`);
  const refuse = (why: string) =>
    mqttErrors.create("mqtt/bad-option", `the message to ${show(topic)} ${why}`);
  if (typeof payload !== "string" && !(payload instanceof Uint8Array)) {
    return refuse(`has a payload that is neither text nor bytes, ${show(payload)}`);
  }
  if (![0, 1, 2].includes(qos)) return refuse(`has a bad QoS, ${show(qos)}`);
  const badProperty = properties && faultOfProperties(properties, packetCodes.publish);
  if (badProperty) return refuse(badProperty);
  // Two lengths and an id come on top. A character takes three bytes at the most, so that few texts are measured.
  if (topic.length * 3 + payload.length * 3 + 4 <= longestRemaining) return undefined;
  const length = 4 + utf8Length(topic) + (typeof payload === "string" ? utf8Length(payload) : payload.length);
  if (length <= longestRemaining) return undefined;
  const message = `a message and its topic take at most ${longestRemaining} bytes, got ${length}`;
  return mqttErrors.create("mqtt/too-long", message);
}

function closedError(): MoteqError {
  return mqttErrors.create("mqtt/closed", "the MQTT client was closed");
}
