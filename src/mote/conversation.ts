import {
  type AbortSignalLike,
  type Clock,
  Counters,
  Ring,
  throwIfAborted,
  withAbort,
} from "../base/index.ts";
import type { MacAddress, Radio, ReceivedFrame } from "../device/index.ts";
import { type ClassicDownlink, decodeClassicDownlink, parsePartName, PartJoiner } from "../wire/index.ts";
import { WakeUp } from "./wake-up.ts";

/** How a node is made. */
export interface NodeOptions {
  /** The node listens on it from now on; closing it is the caller's. */
  readonly radio: Radio;
  readonly clock: Clock;
  /** The gateway's address: only frames from there count. */
  readonly gateway: MacAddress;
  /** How long nothing must be heard until a wait for the gateway ends, in milliseconds. Default 200. */
  readonly silenceMs?: number;
  /** How many messages wait for the program until the oldest has to go. Default 32. */
  readonly queueLimit?: number;
}

/** A message from the gateway. */
export interface NodeMessage {
  readonly topic: string;
  /** A payload that is no UTF-8 comes as one character a byte, U+0000 … U+00FF. */
  readonly message: string;
  /** Whether the broker had kept it from before the subscription. */
  readonly retained: boolean;
}

/** Takes one message; what it throws ends the call that it was given to. */
export type MessageHandler = (message: NodeMessage) => void;

/** What a node counts. */
export type NodeCount =
  /** Frames from somebody other than the gateway. */
  | "foreign"
  /** Frames from the gateway that are none of its dialects. */
  | "malformed"
  /** Answers that nobody waited for (any longer). */
  | "unexpected"
  /** Messages that had to go because the program did not take them. */
  | "queue-full"
  /** Messages in parts of which one was missing. */
  | "incomplete";

/** An answer of the gateway, as opposed to a message. */
export type Answer = Exclude<ClassicDownlink, { type: "message" }>;

/** How a question may end but for its answer. */
export type NoAnswer =
  /** The gateway's radio did not acknowledge the frame: out of range, off, or on another channel. */
  | "not-delivered"
  /** The radio acknowledged it, but the gateway did not answer within the silence. */
  | "no-answer";

/** More answers than one question can have wait here; older ones are stale. */
const answerLimit = 8;

/** How many silences an answer may take in all while other frames keep coming. */
const silencesForAnswer = 10;

/**
 * A node's talk with its gateway, by turns: sorts what is heard into answers and messages, and waits as the
 * classic nodes do, until nothing has been heard for a while.
 */
export class Conversation {
  readonly counters = new Counters<NodeCount>();
  readonly #radio: Radio;
  readonly #clock: Clock;
  readonly #gateway: MacAddress;
  readonly #silenceMs: number;
  readonly #messages: Ring<NodeMessage>;
  readonly #answers = new Ring<Answer>(answerLimit);
  readonly #parts = new PartJoiner<string>();
  readonly #wakeUp: WakeUp;
  #lastTurn: Promise<void> = Promise.resolve();

  constructor(options: NodeOptions) {
    this.#radio = options.radio;
    this.#clock = options.clock;
    this.#wakeUp = new WakeUp(options.clock);
    this.#gateway = options.gateway;
    this.#silenceMs = options.silenceMs ?? 200;
    this.#messages = new Ring(options.queueLimit ?? 32);
    options.radio.listen((frame) => this.#receive(frame));
  }

  /** Sends a frame that has no answer; `false` if it was not acknowledged by the gateway's radio. */
  async tell(frame: Uint8Array, signal?: AbortSignalLike): Promise<boolean> {
    return this.#inTurn(signal, () => withAbort(this.#radio.send(this.#gateway, frame), signal));
  }

  /**
   * Sends a frame and waits for its answer. Answers carry no number, so that questions go one after the other, and
   * what came before the question is not taken for its answer.
   *
   * @param read makes of an answer what is asked for; `undefined` if it answers something else
   */
  async ask<T extends string | number>(
    frame: Uint8Array,
    read: (answer: Answer) => T | undefined,
    signal?: AbortSignalLike,
  ): Promise<T | NoAnswer> {
    return this.#inTurn(signal, async () => {
      this.takeAnswer(() => undefined);
      const delivered = await withAbort(this.#radio.send(this.#gateway, frame), signal);
      const deadline = this.#clock.monotonic() + this.#silenceMs * silencesForAnswer;
      // An acknowledgement that got lost says "false" of a frame that is being answered already.
      for (;;) {
        const outcome = this.takeAnswer(read);
        if (outcome !== undefined) return outcome;
        if (!delivered) return "not-delivered";
        if (!(await this.#wakeUp.wait(this.#waitBefore(deadline), signal))) return "no-answer";
      }
    });
  }

  /** Hands over the messages that wait, and those that come, until nothing is heard for `silenceMs`. */
  async drain(handle: MessageHandler, silenceMs = this.#silenceMs, signal?: AbortSignalLike): Promise<void> {
    throwIfAborted(signal);
    do {
      for (let message = this.#messages.shift(); message; message = this.#messages.shift()) handle(message);
    } while (await this.#wakeUp.wait(silenceMs, signal));
  }

  /** Takes the next answer heard of which `read` makes something; those before it go. */
  takeAnswer<T>(read: (answer: Answer) => T | undefined): T | undefined {
    for (let answer = this.#answers.shift(); answer; answer = this.#answers.shift()) {
      const outcome = read(answer);
      if (outcome !== undefined) return outcome;
      this.counters.add("unexpected");
    }
    return undefined;
  }

  #receive({ source, bytes }: ReceivedFrame): void {
    if (source !== this.#gateway) {
      this.counters.add("foreign");
      return;
    }
    const heard = decodeClassicDownlink(bytes);
    if (!heard) {
      this.counters.add("malformed");
      return;
    }
    if (heard.type === "message") this.#takeMessage(heard);
    else if (this.#answers.pushEvicting(heard)) this.counters.add("unexpected");
    this.#wakeUp.ring();
  }

  #takeMessage({ topic, message, retained }: NodeMessage): void {
    const part = parsePartName(topic);
    if (!part) {
      this.#enqueue({ topic, message, retained });
      return;
    }
    const incomplete = this.#parts.incomplete;
    const pieces = this.#parts.add(part, message);
    this.counters.add("incomplete", this.#parts.incomplete - incomplete);
    if (pieces) this.#enqueue({ topic: part.topic, message: pieces.join(""), retained });
  }

  #enqueue(message: NodeMessage): void {
    if (this.#messages.pushEvicting(message)) this.counters.add("queue-full");
  }

  #waitBefore(deadline: number): number {
    return Math.min(this.#silenceMs, deadline - this.#clock.monotonic());
  }

  /** Runs `work` once all turns asked for before are over. */
  async #inTurn<T>(signal: AbortSignalLike | undefined, work: () => Promise<T>): Promise<T> {
    throwIfAborted(signal);
    const before = this.#lastTurn;
    const turn = before.then(() => {
      throwIfAborted(signal);
      return work();
    });
    // The next turn follows whatever became of this one.
    this.#lastTurn = turn.then(doNothing, doNothing);
    return withAbort(turn, signal);
  }
}

function doNothing(): void {}
