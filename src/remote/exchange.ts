import type { AbortSignalLike, Clock, Cryptography } from "../base/index.ts";
import type { Message, MqttClient, Subscription } from "../mqtt/index.ts";
import { decodeReplyTopic, encodeReplyTopic, toCommandId } from "../wire/index.ts";
import { Conversation, type ConversationOptions } from "./conversation.ts";
import { remoteErrors } from "./errors.ts";

/** What driving a board needs of its surroundings. */
export interface RemoteServices {
  readonly client: Pick<MqttClient, "publish" | "subscribe">;
  readonly clock: Clock;
  readonly cryptography: Pick<Cryptography, "createSha256" | "randomBytes">;
}

/** How a board is driven. */
export interface ExchangeOptions extends RemoteServices {
  /** The board's base topic, as `greenhouse/mqb`. */
  readonly base: string;
  /** How long the board may be silent while something is awaited of it, in milliseconds. */
  readonly timeoutMs: number;
}

/** All conversations with one board, over one subscription to its answers. */
export class Exchange {
  readonly base: string;
  readonly services: RemoteServices;
  readonly timeoutMs: number;
  readonly #open = new Map<string, Conversation>();
  readonly #subscriptions: Subscription[] = [];

  private constructor(options: ExchangeOptions) {
    this.base = options.base;
    this.services = options;
    this.timeoutMs = options.timeoutMs;
  }

  /** Begins to listen to the board's answers. @throws what subscribing throws; nothing is subscribed to then */
  static async open(options: ExchangeOptions, signal?: AbortSignalLike): Promise<Exchange> {
    const exchange = new Exchange(options);
    const filters = (["out", "err"] as const).map((kind) => encodeReplyTopic(options.base, kind, "+"));
    const subscribe = { qos: 1 as const, ...(signal ? { signal } : {}) };
    const all = await Promise.allSettled(
      filters.map((filter) =>
        options.client.subscribe(filter, subscribe, (message) => exchange.#receive(message)),
      ),
    );
    for (const one of all) if (one.status === "fulfilled") exchange.#subscriptions.push(one.value);
    const failed = all.find((one) => one.status === "rejected");
    if (!failed) return exchange;
    await exchange.close();
    throw failed.reason;
  }

  /** Begins a conversation; the caller sends what it has to say. */
  begin(options: ConversationOptions): Conversation {
    const id = toCommandId(this.services.cryptography.randomBytes(6));
    const conversation: Conversation = new Conversation(this, id, options);
    this.#open.set(id, conversation);
    const forget = () => void this.#open.delete(id);
    conversation.done.then(forget, forget);
    return conversation;
  }

  /** Ends every conversation and the subscription. */
  async close(): Promise<void> {
    const reason = remoteErrors.create("remote/closed", "the connection to the board was closed");
    for (const conversation of this.#open.values()) conversation.fail(reason);
    await Promise.all(this.#subscriptions.splice(0).map((one) => one.unsubscribe().catch(() => {})));
  }

  #receive({ topic, payload, retain }: Message): void {
    const reply = decodeReplyTopic(this.base, topic);
    // An answer that the broker had kept answers nothing that was asked now.
    if (!reply || retain) return;
    const conversation = this.#open.get(reply.id);
    if (reply.kind === "out") conversation?.receive(payload);
    else conversation?.receiveFault(payload);
  }
}
