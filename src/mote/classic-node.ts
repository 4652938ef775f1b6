import { type AbortSignalLike, type Counters, encodeUtf8 } from "../base/index.ts";
import type { Radio } from "../device/index.ts";
import { assertTopicFilter, assertTopicName } from "../topics/index.ts";
import { encodeClassicUplink } from "../wire/index.ts";
import { Conversation, type MessageHandler, type NodeCount, type NodeOptions } from "./conversation.ts";
import { PartNumbers } from "./part-numbers.ts";

/** A wait that can be given up. */
export interface WaitOptions {
  /** Makes the call reject with the signal's reason. What was sent by then may arrive all the same. */
  readonly signal?: AbortSignalLike | undefined;
}

/** How a publication goes out. */
export interface PublishOptions extends WaitOptions {
  /** Whether the broker keeps it for later subscribers. Default false. */
  readonly retain?: boolean;
  /** The quality of service between gateway and broker. Default 0. */
  readonly qos?: 0 | 1 | 2;
}

/** How a subscription is made. */
export interface SubscribeOptions extends WaitOptions {
  /** The quality of service between broker and gateway. Default 1. */
  readonly qos?: 0 | 1 | 2;
}

/** How long a node listens. */
export interface ListenOptions extends WaitOptions {
  /** Ends after so many milliseconds of silence; `Infinity` listens until the signal. Default: the node's. */
  readonly silenceMs?: number;
}

/** What the nodes of both classic dialects have in common. */
export abstract class ClassicNode {
  protected readonly conversation: Conversation;
  protected readonly radio: Radio;
  readonly #parts: PartNumbers;

  constructor(options: NodeOptions) {
    this.radio = options.radio;
    this.conversation = new Conversation(options);
    this.#parts = new PartNumbers(options.clock);
  }

  /** What was heard and could not be used. */
  get counters(): Counters<NodeCount> {
    return this.conversation.counters;
  }

  /** Subscribes this node. The gateway does not answer: `false` only says that its radio did not hear it. */
  async subscribe(filter: string, { qos = 1, signal }: SubscribeOptions = {}): Promise<boolean> {
    assertTopicFilter(filter);
    return this.conversation.tell(encodeClassicUplink({ type: "subscribe", topic: filter, qos }), signal);
  }

  /** Ends a subscription. Only moteq's gateway knows this frame, and it does not answer either. */
  async unsubscribe(filter: string, { signal }: WaitOptions = {}): Promise<boolean> {
    assertTopicFilter(filter);
    return this.conversation.tell(encodeClassicUplink({ type: "unsubscribe", topic: filter }), signal);
  }

  /** Hands over messages until a silence. */
  protected drain(handle: MessageHandler, { silenceMs, signal }: ListenOptions): Promise<void> {
    return this.conversation.drain(handle, silenceMs, signal);
  }

  /** A publication as frames: one, or several parts of what is longer. @throws `topics/bad-name`, `mote/too-long` */
  protected cut(
    topic: string,
    message: string | Uint8Array,
    { retain = false, qos = 0 }: PublishOptions,
    acknowledge: boolean,
  ): readonly Uint8Array[] {
    assertTopicName(topic);
    const payload = typeof message === "string" ? encodeUtf8(message) : message;
    const publication = { type: "publish", topic, payload, retain, qos, acknowledge } as const;
    return this.#parts.cut(publication, this.radio.maximumFrameBytes);
  }
}
