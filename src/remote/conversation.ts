import {
  type AbortSignalLike,
  concatBytes,
  decodeUtf8,
  onAbort,
  type Timer,
  utf8Length,
} from "../base/index.ts";
import {
  type BoardPacket,
  decodeBoardPacket,
  decodeFault,
  encodeBoardPacket,
  encodeCommandTopic,
  PacketOrder,
} from "../wire/index.ts";
import { remoteErrors, tooLong } from "./errors.ts";
import type { Exchange } from "./exchange.ts";

/** The most that is taken of an answer that is kept whole, unless somebody says otherwise: 16 MiB. */
const wholeAnswerBytes = 16 * 1024 * 1024;

/** The longest message that a board takes, with its topic and the bytes of MQTT: 1 MiB. A longer one would not be answered. */
const longestMessageBytes = 1024 * 1024;
/** What MQTT puts before a message's topic and payload, at most. */
const headerBytes = 16;

/** What one conversation is about. */
export interface ConversationOptions {
  /** For the topic: `eval`, `put`, … */
  readonly command: string;
  /** What messages call it. Default: the command, which says little where it only carries what is asked. */
  readonly asked?: string | undefined;
  /** What stands behind the id in the topic. */
  readonly tail?: string;
  /** Takes the answer as it comes; without it the answer is collected in `answer`. */
  readonly onBody?: (body: Uint8Array) => void;
  /** Says whether a message is an acknowledgement on the way, and no part of the answer. */
  readonly isAck?: (body: Uint8Array) => boolean;
  /** The most bytes of answer. Default 16 MiB. */
  readonly maximumBytes?: number;
  /** How long the board may be silent. Default: as for all conversations with it. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignalLike | undefined;
}

/** One command and its answer. */
export class Conversation {
  readonly id: string;
  readonly topic: string;
  /** Resolves with the last message of the answer; rejects with the board's refusal, a timeout, or the signal's reason. */
  readonly done: Promise<void>;
  readonly #exchange: Exchange;
  readonly #options: ConversationOptions;
  readonly #order = new PacketOrder();
  readonly #kept: Uint8Array[] = [];
  #received = 0;
  #settled = false;
  #timer: Timer | undefined;
  #settle: { resolve: () => void; reject: (error: unknown) => void } = { resolve() {}, reject() {} };

  constructor(exchange: Exchange, id: string, options: ConversationOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.id = id;
    this.topic = encodeCommandTopic(exchange.base, { command: options.command, id, tail: options.tail });
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Whoever sends first and waits later must not meet an unhandled rejection in between.
    this.done.catch(() => {});
    const release = onAbort(options.signal, () => this.fail(options.signal?.reason));
    void this.done.then(release, release);
    this.stayAlive();
  }

  /** Whether it has ended, well or not. */
  get ended(): boolean {
    return this.#settled;
  }

  /** The answer so far. */
  get answer(): Uint8Array {
    return concatBytes(this.#kept);
  }

  /** Sends one message of the command. What goes wrong with it ends the conversation. */
  send(packet: BoardPacket): void {
    void this.sendTo(this.topic, encodeBoardPacket(packet));
  }

  /** Sends a payload that belongs to the conversation, unless it is too long; resolves when the broker has it. */
  async sendTo(topic: string, payload: Uint8Array): Promise<void> {
    if (this.#settled) return;
    if (headerBytes + utf8Length(topic) + payload.length > longestMessageBytes) {
      const message = `what the board is asked has ${payload.length} bytes; one message has at most 1 MiB`;
      this.fail(
        remoteErrors.create("remote/message-too-long", message, { detail: { bytes: payload.length } }),
      );
      return;
    }
    try {
      await this.#exchange.services.client.publish(topic, payload, { qos: 1 });
    } catch (error) {
      this.fail(error);
    }
  }

  /** The time that the board may be silent begins anew. */
  stayAlive(): void {
    this.#timer?.cancel();
    if (this.#settled) return;
    const { timeoutMs = this.#exchange.timeoutMs, command, asked = command } = this.#options;
    this.#timer = this.#exchange.services.clock.setTimer(timeoutMs, () => {
      const message = `the board at ${this.#exchange.base} did not answer ${asked} for ${timeoutMs / 1000} s`;
      this.fail(remoteErrors.create("remote/no-answer", message, { detail: { command: asked, timeoutMs } }));
    });
  }

  receive(payload: Uint8Array): void {
    const packet = this.#settled ? undefined : decodeBoardPacket(payload);
    if (!packet) return;
    this.stayAlive();
    if (this.#options.isAck?.(packet.body)) return;
    const { expected } = this.#order;
    switch (this.#order.place(packet)) {
      case "repeated":
        return;
      case "gap":
        this.fail(
          remoteErrors.create(
            "remote/gap",
            `the board's answer lacks a part: ${expected} was next, ${packet.sequence} came`,
          ),
        );
        return;
      case "next":
        this.#take(packet);
    }
  }

  receiveFault(payload: Uint8Array): void {
    if (this.#settled) return;
    const { code, text } = decodeFault(decodeUtf8(payload.subarray(0, 65_536)) ?? "(no readable text)");
    const [known, meaning] = code === undefined ? explainTraceback(text) : [code, undefined];
    const message = meaning === undefined ? text.trimEnd() : `${text.trimEnd()}: ${meaning}`;
    this.fail(remoteErrors.create("remote/refused", message, { detail: { code: known, text } }));
  }

  /** Ends it with an error. */
  fail(error: unknown): void {
    if (!this.#end()) return;
    this.#settle.reject(error);
  }

  #take({ body, last }: BoardPacket): void {
    const { onBody, maximumBytes = wholeAnswerBytes, command, asked = command } = this.#options;
    this.#received += body.length;
    if (this.#received > maximumBytes) {
      this.fail(tooLong(asked, maximumBytes));
      return;
    }
    if (onBody) onBody(body);
    else this.#kept.push(body.slice());
    if (last && this.#end()) this.#settle.resolve();
  }

  #end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#timer?.cancel();
    return true;
  }
}

/** What MicroPython's `OSError` says, in our codes and in words (errno of Linux, which its file systems use). */
const errnos: Readonly<Record<string, readonly [code: string, meaning: string]>> = {
  2: ["board/not-found", "no such file or folder"],
  17: ["board/exists", "it is there already"],
  20: ["board/not-a-folder", "it is, or leads through, something that is no folder"],
  21: ["board/is-a-folder", "it is a folder"],
  28: ["board/full", "the disk is full"],
  39: ["board/not-empty", "the folder is not empty"],
};

function explainTraceback(text: string): readonly [code: string | undefined, meaning: string | undefined] {
  const [, errno = ""] = /OSError: (?:\[Errno )?(\d+)/.exec(text) ?? [];
  return errnos[errno] ?? [undefined, undefined];
}
