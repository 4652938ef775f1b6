import { type Counters, encodeUtf8 } from "../base/index.ts";
import type { Radio } from "../device/index.ts";
import { assertTopicFilter, assertTopicName } from "../topics/index.ts";
import { encodeClassicUplink } from "../wire/index.ts";
import {
  type Answer,
  Conversation,
  type MessageHandler,
  type NoAnswer,
  type NodeCount,
  type NodeOptions,
} from "./conversation.ts";
import type { ListenOptions, PublishOptions, SubscribeOptions, WaitOptions } from "./link-node.ts";
import { PartNumbers } from "./part-numbers.ts";

/** What became of a publication. */
export type PrototypePublishOutcome =
  /** The gateway's radio heard it; more was not asked for. An `OUT` may follow: see `listen`. */
  | "sent"
  /** `["ACK", "ACK"]`: the gateway has it and will bring it to the broker. */
  | "acknowledged"
  /** `["OUT", "OUT"]`: the broker is out and the gateway did not take it. Try again later. */
  | "refused"
  | NoAnswer;

/** How a publication goes out. */
export interface PrototypePublishOptions extends PublishOptions {
  /** Whether to ask for an acknowledgement (bit 2 of the qos), and to wait for it. Default false. */
  readonly acknowledge?: boolean;
}

/**
 * A node of the `prototype` dialect, the first of July 2023: what waits for it follows each of its publications at
 * once, without being asked for. Calls wait for each other, but for `listen`.
 *
 * @example
 * const node = new PrototypeNode({ radio, clock, gateway: "02006d6f7465" });
 * await node.publish("dummy", "dummy");
 * await node.listen((message) => show(message));
 */
export class PrototypeNode {
  readonly #conversation: Conversation;
  readonly #radio: Radio;
  readonly #parts: PartNumbers;

  constructor(options: NodeOptions) {
    this.#radio = options.radio;
    this.#conversation = new Conversation(options);
    this.#parts = new PartNumbers(options.clock);
  }

  /** What was heard and could not be used. */
  get counters(): Counters<NodeCount> {
    return this.#conversation.counters;
  }

  /**
   * Publishes; longer than a frame, it goes in parts.
   *
   * @throws `topics/bad-name`, `mote/too-long`
   */
  async publish(
    topic: string,
    message: string | Uint8Array,
    { retain = false, qos = 0, acknowledge = false, signal }: PrototypePublishOptions = {},
  ): Promise<PrototypePublishOutcome> {
    assertTopicName(topic);
    const payload = typeof message === "string" ? encodeUtf8(message) : message;
    const publication = { type: "publish", topic, payload, retain, qos, acknowledge } as const;
    let outcome: PrototypePublishOutcome = "sent";
    for (const frame of this.#parts.cut(publication, this.#radio.maximumFrameBytes)) {
      if (acknowledge) outcome = await this.#conversation.ask(frame, readPublishAnswer, signal);
      else outcome = (await this.#conversation.tell(frame, signal)) ? "sent" : "not-delivered";
      if (outcome !== "sent" && outcome !== "acknowledged") break;
    }
    return outcome;
  }

  /** Subscribes this node. The gateway does not answer: `false` only says that its radio did not hear it. */
  async subscribe(filter: string, { qos = 1, signal }: SubscribeOptions = {}): Promise<boolean> {
    assertTopicFilter(filter);
    return this.#conversation.tell(encodeClassicUplink({ type: "subscribe", topic: filter, qos }), signal);
  }

  /** Ends a subscription. Only moteq's gateway knows this frame, and it does not answer either. */
  async unsubscribe(filter: string, { signal }: WaitOptions = {}): Promise<boolean> {
    assertTopicFilter(filter);
    return this.#conversation.tell(encodeClassicUplink({ type: "unsubscribe", topic: filter }), signal);
  }

  /**
   * Hands over messages as they come, until a silence.
   *
   * @returns `refused` if an `OUT` was heard: a publication before, without acknowledgement, was not taken
   */
  async listen(
    handle: MessageHandler,
    { silenceMs, signal }: ListenOptions = {},
  ): Promise<"silence" | "refused"> {
    await this.#conversation.drain(handle, silenceMs, signal);
    return this.#conversation.takeAnswer(readOut) ?? "silence";
  }
}

function readPublishAnswer(answer: Answer): "acknowledged" | "refused" | undefined {
  if (answer.type === "reply" && answer.reply === "ACK") return "acknowledged";
  return readOut(answer);
}

function readOut(answer: Answer): "refused" | undefined {
  return answer.type === "reply" && answer.reply === "OUT" ? "refused" : undefined;
}
