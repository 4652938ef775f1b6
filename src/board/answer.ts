import {
  type AbortSignalLike,
  type Clock,
  concatBytes,
  createAborter,
  encodeUtf8,
  messageOf,
  type Timer,
} from "../base/index.ts";
import { type MqttClient, mqttErrors } from "../mqtt/index.ts";
import {
  type BoardPacket,
  encodeBoardPacket,
  encodeFault,
  encodeReplyTopic,
  highestSequence,
  uncounted,
} from "../wire/index.ts";
import { boardErrors } from "./errors.ts";
import type { Unproven } from "./unproven.ts";

/** How many bytes of one answer may wait for the broker before whoever prints more is stopped. */
export const mostPending = 4 * 1024 * 1024;

/** How long a short piece may wait for others to go with it, in milliseconds. */
const gatherMs = 20;

/** How an answer is sent. */
export interface AnswerOptions {
  readonly clock: Clock;
  readonly client: Pick<MqttClient, "publish">;
  readonly base: string;
  readonly id: string;
  /** The most bytes of body in one message. */
  readonly size: number;
  /** Whether refusals go without their code: for the original program. Default false. */
  readonly plain?: boolean;
  /** Bounds it while whoever asked has proven nothing; `undefined` where nobody has to. */
  readonly unproven?: Unproven | undefined;
}

/** The answer to one command, sent piece by piece. */
export class Answer {
  readonly id: string;
  readonly #options: AnswerOptions;
  readonly #failing = createAborter();
  #unproven: Unproven | undefined;
  #sequence = 0;
  #pending = 0;
  #ended = false;
  /** The broker takes no messages as long as one of its were. */
  #isTooLong = false;
  #drained: (() => void)[] = [];
  /** Pieces that wait for others. */
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #timer: Timer | undefined;

  constructor(options: AnswerOptions) {
    this.#options = options;
    this.id = options.id;
    this.#unproven = options.unproven;
  }

  /** Whoever asked has proven that it may. */
  trust(): void {
    this.#unproven = undefined;
  }

  /** Sends a piece, together with others that come at the same time. @throws `board/too-long` */
  write(piece: string | Uint8Array): void {
    if (this.#ended || piece.length === 0) return;
    const body = typeof piece === "string" ? encodeUtf8(piece) : piece;
    this.#gathered.push(body);
    this.#gatheredBytes += body.length;
    if (this.#gatheredBytes >= this.#options.size) this.#flush(this.#options.size);
    else this.#timer ??= this.#options.clock.setTimer(gatherMs, () => this.#flushOrFail());
  }

  /** Is aborted when it was refused: whatever it waits for, nobody waits for that any more. */
  get failed(): AbortSignalLike {
    return this.#failing.signal;
  }

  /** Whether all numbers have been given away, so that it can only end. */
  get isFull(): boolean {
    return this.#sequence >= highestSequence;
  }

  /** Sends a piece as a message of its own, at once; nothing when it is full. */
  say(text: string): void {
    if (this.#ended || this.isFull) return;
    this.#flush(1);
    this.#send({ sequence: this.#sequence++, last: false, body: encodeUtf8(text) });
  }

  /** Resolves when the broker has most of what was written. */
  async drained(): Promise<void> {
    if (this.#pending > mostPending / 8) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  /** Sends the last piece. */
  end(piece: string | Uint8Array = ""): void {
    if (this.#ended) return;
    this.write(piece);
    const { size } = this.#options;
    if (this.#gatheredBytes > size) this.#flush(size);
    this.#ended = true;
    this.#timer?.cancel();
    // What is one message is not counted, as the original does it.
    const sequence = this.#sequence === 0 ? uncounted : this.#sequence;
    this.#send({ sequence, last: true, body: concatBytes(this.#gathered) });
  }

  /** Refuses, in place of an answer or behind a part of one. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    const { base, id, plain = false } = this.#options;
    this.#failing.abort(error instanceof Error ? error : new Error(messageOf(error)));
    const text = messageOf(error).slice(0, 8000);
    const code = boardErrors.is(error) ? error.code : "board/failed";
    this.#publish(encodeReplyTopic(base, "err", id), encodeUtf8(plain ? text : encodeFault(code, text)));
  }

  #flushOrFail(): void {
    try {
      this.#flush(1);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Sends what was gathered, as long as there is at least so much of it. */
  #flush(atLeast: number): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { size } = this.#options;
    const body = concatBytes(this.#gathered);
    let offset = 0;
    for (; body.length - offset >= atLeast && offset < body.length; offset += size) {
      if (this.#pending > mostPending || this.#sequence >= highestSequence) {
        this.#gathered = [];
        this.#gatheredBytes = 0;
        throw tooLongError();
      }
      this.#send({ sequence: this.#sequence++, last: false, body: body.subarray(offset, offset + size) });
    }
    this.#gathered = offset < body.length ? [body.subarray(offset)] : [];
    this.#gatheredBytes = Math.max(0, body.length - offset);
  }

  #send(packet: BoardPacket): void {
    const { base, id } = this.#options;
    this.#publish(encodeReplyTopic(base, "out", id), encodeBoardPacket(packet));
  }

  #publish(topic: string, payload: Uint8Array): void {
    const unproven = this.#unproven;
    if (unproven && !unproven.takes(payload.length)) return;
    this.#pending += payload.length;
    const settled = () => {
      unproven?.settle(payload.length);
      this.#pending -= payload.length;
      if (this.#pending <= mostPending / 8) for (const resume of this.#drained.splice(0)) resume();
    };
    this.#options.client.publish(topic, payload, { qos: 1 }).then(settled, (error: unknown) => {
      settled();
      if (!this.#isTooLong && mqttErrors.is(error, "mqtt/too-long")) this.#refuseTooLong(error.message);
      // All else that cannot be sent has nobody to be told to: the caller's timeout says it.
    });
  }

  /** Says so, in few words, also where it has ended. A broker of MQTT 3.1.1 does not tell how long a message may be. */
  #refuseTooLong(text: string): void {
    this.#isTooLong = true;
    this.#ended = false;
    this.fail(boardErrors.create("board/too-long", text));
  }
}

/** Whoever prints gets to hear it. */
export function tooLongError(): Error {
  return boardErrors.create(
    "board/too-long",
    "the answer grows faster than it can be sent, or beyond all bounds",
  );
}
