import {
  type AbortSignalLike,
  type Counters,
  encodeUtf8,
  throwIfAborted,
  toHex,
  withAbort,
} from "../base/index.ts";
import { assertTopicFilter, assertTopicName } from "../topics/index.ts";
import {
  maximumTopicBytes,
  type NativeEnergy,
  nobleSeal,
  openJoinSecret,
  secretOfCode,
} from "../wire/index.ts";
import type { WaitOptions } from "./classic-node.ts";
import type { NoAnswer } from "./conversation.ts";
import { moteErrors } from "./errors.ts";
import { GatewayChannel } from "./gateway-channel.ts";
import { NativeEnd, type NativeNodeCount } from "./native-end.ts";
import type {
  NativeExchange,
  NativeListenOptions,
  NativeMessageHandler,
  NativeNodeOptions,
  NativeOutcome,
  NativePublishOptions,
  ReadingOptions,
} from "./native-options.ts";
import type { ItemFate } from "./native-outbox.ts";
import type { NativeNodeState, OutgoingItem, OutgoingMessage } from "./native-state.ts";
import { NativeTalk } from "./native-talk.ts";

/**
 * A node of the native dialect: encrypted, each thing exactly once, and asleep the moment it is done. What it has to say goes with
 * one frame, and is kept until the gateway has it. It goes to another channel when the gateway does, and looks for it there if
 * it was not told. Calls wait for each other, but for `listen`.
 *
 * @example
 * const node = new NativeNode({ radio, clock, gateway: "02006d6f7465", randomBytes, state });
 * node.add("shed", "21.5");
 * await node.exchange((message) => show(message));
 * remember(node.save());
 */
export class NativeNode {
  readonly #options: NativeNodeOptions;
  readonly #end: NativeEnd;
  readonly #channel: GatewayChannel;
  readonly #talk: NativeTalk;
  #lastTurn: Promise<void> = Promise.resolve();

  constructor(options: NativeNodeOptions) {
    this.#options = options;
    this.#end = new NativeEnd({
      pair: { node: options.radio.address, gateway: options.gateway },
      seal: options.seal ?? nobleSeal,
      randomBytes: options.randomBytes,
      maximumFrameBytes: options.radio.maximumFrameBytes,
      maximumMessageBytes: options.maximumMessageBytes ?? 16_384,
      outboxLimit: options.outboxLimit ?? 64,
      state: options.state,
    });
    this.#channel = new GatewayChannel(options.radio, options.clock, options.state);
    this.#talk = new NativeTalk({
      end: this.#end,
      channel: this.#channel,
      radio: options.radio,
      clock: options.clock,
      gateway: options.gateway,
      replyMs: options.replyMs ?? 100,
      attempts: options.attempts ?? 4,
    });
  }

  /** What was heard and could not be used, and how many sessions began. */
  get counters(): Counters<NativeNodeCount> {
    return this.#end.counters;
  }

  /** Whether it has a key. */
  get joined(): boolean {
    return this.#end.hasKey;
  }

  /** How many items the gateway is not known to have. */
  get unsettled(): number {
    return this.#end.outbox.size;
  }

  /**
   * Joins, with the provisioning code that the gateway knows, or without one while a window is open. It has joined when the gateway has
   * proved that it has the same key: store `save()` then, where it outlives the loss of power.
   */
  async join(code?: string, { signal }: WaitOptions = {}): Promise<"joined" | NoAnswer> {
    const secret = code === undefined ? openJoinSecret : secretOfCode(code);
    return this.#inTurn(signal, () => this.#talk.join(secret, signal));
  }

  /** Adds a reading, which goes with the next exchange. @throws `topics/bad-name`, `mote/topic-too-long` */
  add(topic: string, message: string | Uint8Array, options: ReadingOptions = {}): void {
    this.#end.outbox.add(this.#publication(topic, message, options));
  }

  /** Publishes, with all that waits to be said. @throws `topics/bad-name`, `mote/topic-too-long` */
  async publish(
    topic: string,
    message: string | Uint8Array,
    options: NativePublishOptions = {},
  ): Promise<NativeOutcome> {
    return this.#say(this.#publication(topic, message, options), options);
  }

  /** Subscribes this node, for as long as it stays with the gateway. @throws `topics/bad-filter`, `mote/topic-too-long` */
  async subscribe(
    filter: string,
    { qos = 1, signal }: WaitOptions & { readonly qos?: 0 | 1 | 2 } = {},
  ): Promise<NativeOutcome> {
    assertTopicFilter(filter);
    return this.#say({ type: "subscribe", filter: assertShort(filter), qos }, { signal });
  }

  /** Ends a subscription. @throws `topics/bad-filter`, `mote/topic-too-long` */
  async unsubscribe(filter: string, { signal }: WaitOptions = {}): Promise<NativeOutcome> {
    assertTopicFilter(filter);
    return this.#say({ type: "unsubscribe", filter: assertShort(filter) }, { signal });
  }

  /** Says, with the next exchange, how often it wakes, in seconds; a period of 0: it is always awake. Once is enough. */
  announceWakes(periodSeconds: number, toleranceSeconds = 0): void {
    this.#end.outbox.add({ type: "contract", periodSeconds, toleranceSeconds });
  }

  /** Says, with the next exchange, what is to be published when it is overdue; `undefined`: nothing. */
  leaveWill(will: { topic: string; message: string; retain?: boolean; qos?: 0 | 1 | 2 } | undefined): void {
    this.#end.outbox.add({ type: "will", will: will && toOutgoing(will.topic, will.message, will) });
  }

  /** Reports on its battery and work, with the next exchange. */
  report(energy: NativeEnergy): void {
    this.#end.outbox.add({ type: "energy", energy });
  }

  /** Goes for good: the gateway forgets it. */
  async leave({ signal }: WaitOptions = {}): Promise<NativeOutcome> {
    return this.#say({ type: "leave" }, { signal });
  }

  /** Says all that there is to say; with a handler, what waits at the gateway comes too. */
  async exchange(receive?: NativeMessageHandler, { signal }: WaitOptions = {}): Promise<NativeExchange> {
    return this.#inTurn(signal, async () => {
      const fetch = receive !== undefined;
      const outcome = await this.#talk.converse({ fetch, receive }, signal);
      const { time, waiting = 0, brokerOut = false } = this.#end.reply ?? {};
      return { outcome, time, waiting, brokerOut };
    });
  }

  /**
   * Stays awake and hands over messages as they come, until none has come for `silenceMs`; `Infinity`: until the signal. Other calls
   * go on meanwhile.
   */
  async listen(
    receive: NativeMessageHandler,
    { silenceMs = 200, pollMs = 30_000, signal }: NativeListenOptions = {},
  ): Promise<NativeExchange["outcome"]> {
    const inTurn = <T>(work: () => Promise<T>) => this.#inTurn(signal, work);
    return this.#talk.listen(receive, { silenceMs, pollMs }, inTurn, signal);
  }

  /**
   * What must be remembered until it wakes; `undefined` before it has joined. The node must not be used afterwards. See
   * `NativeNodeState` for where it may be kept.
   */
  save(): NativeNodeState | undefined {
    const state = this.#end.toState();
    return state && { ...state, ...this.#channel.toState() };
  }

  #publication(topic: string, message: string | Uint8Array, options: ReadingOptions): OutgoingItem {
    assertTopicName(topic);
    const takenAt = options.takenAt ?? this.#options.clock.now();
    return { type: "publish", takenAt, ...toOutgoing(topic, message, options) };
  }

  async #say(
    item: OutgoingItem,
    { receive, signal }: { receive?: NativeMessageHandler | undefined; signal?: AbortSignalLike | undefined },
  ): Promise<NativeOutcome> {
    return this.#inTurn(signal, async () => {
      const settled: { fate?: ItemFate } = {};
      this.#end.outbox.add(item, (fate) => (settled.fate = fate));
      const fetch = receive !== undefined;
      const outcome = await this.#talk.converse({ fetch, receive }, signal);
      const { fate } = settled;
      if (fate === undefined) return outcome === "answered" ? "later" : outcome;
      if (fate === "dropped") return fate;
      if (fate !== "stored") return "refused";
      return this.#end.reply?.brokerOut ? "broker-out" : "stored";
    });
  }

  /** Runs `work` once all turns asked for before are over. */
  async #inTurn<T>(signal: AbortSignalLike | undefined, work: () => Promise<T>): Promise<T> {
    throwIfAborted(signal);
    const turn = this.#lastTurn.then(() => {
      throwIfAborted(signal);
      return work();
    });
    this.#lastTurn = turn.then(doNothing, doNothing);
    return withAbort(turn, signal);
  }
}

function toOutgoing(
  topic: string,
  message: string | Uint8Array,
  { retain = false, qos = 1 }: ReadingOptions,
): OutgoingMessage {
  assertTopicName(topic);
  const payload = typeof message === "string" ? encodeUtf8(message) : message;
  return { topic: assertShort(topic), payload: toHex(payload), retain, qos };
}

/** @throws `mote/topic-too-long` */
function assertShort(topic: string): string {
  const { length } = encodeUtf8(topic);
  if (length <= maximumTopicBytes) return topic;
  throw moteErrors.create(
    "mote/topic-too-long",
    `a topic of the native dialect has at most ${maximumTopicBytes} bytes, got ${length}`,
  );
}

function doNothing(): void {}
