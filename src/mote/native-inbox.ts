import { decodeUtf8 } from "../base/index.ts";
import {
  type CannotTake,
  decodeJoinedDelivery,
  type DownlinkItem,
  type NativeDelivery,
  PartSet,
  type PartsThere,
  toLatin1,
} from "../wire/index.ts";
import type { NodeMessage } from "./conversation.ts";
import type { NodeSession } from "./native-session.ts";

/** A message as a native node gets it. */
export interface NativeNodeMessage extends NodeMessage {
  /** The payload as it was published. */
  readonly payload: Uint8Array;
  /** How long it waited at the gateway, in milliseconds; 0 if that was less than a second. */
  readonly ageMs: number;
}

/** How many messages wait for the program. */
const heardLimit = 256;

/** Which messages came, so that each is handed over once and the gateway is told of it. */
export class Inbox {
  /** Messages that were heard and not handed over yet. */
  readonly #heard: { readonly number: number; readonly message: NativeNodeMessage }[] = [];
  readonly #maximumBytes: number;
  /** Numbers of messages that were handed over, as long as it is not certain that the gateway knows. */
  #came: number[];
  #cannotTake: { number: number; reason: CannotTake }[] = [];
  #parts: PartSet | undefined;

  constructor(maximumBytes: number, came: readonly number[] = []) {
    this.#maximumBytes = maximumBytes;
    this.#came = [...came];
  }

  /** Numbers to be told to the gateway. */
  get came(): readonly number[] {
    return this.#came;
  }

  get cannotTake(): readonly { readonly number: number; readonly reason: CannotTake }[] {
    return this.#cannotTake;
  }

  /** What has come of a long message. */
  get have(): readonly PartsThere[] {
    return this.#parts ? [{ number: this.#parts.number, bits: this.#parts.bits }] : [];
  }

  /** How many messages wait to be handed over. */
  get size(): number {
    return this.#heard.length;
  }

  /**
   * Takes what a downlink brings; `false` if it has a topic that this end does not know.
   *
   * @param inOrder whether everything that was sent before it has come. Otherwise it has to come again, behind that.
   */
  take(item: DownlinkItem, session: NodeSession, inOrder: boolean): boolean {
    if (item.type === "part") {
      // What is going on already was first in the queue then, and still is.
      if (!inOrder && this.#parts?.number !== item.number) return true;
      return this.#takePart(item, session);
    }
    return item.type !== "message" || !inOrder || this.#takeMessage(item.number, item, session);
  }

  /** Hands the messages over, oldest first. One that the handler throws at stays, and is not said to have come. */
  handOver(handle: ((message: NativeNodeMessage) => void) | undefined): void {
    if (!handle) return;
    for (let first = this.#heard[0]; first; first = this.#heard[0]) {
      handle(first.message);
      this.#heard.shift();
      this.#came.push(first.number);
    }
  }

  /** Forgets what the gateway is certain to know by now. */
  confirm(told: readonly number[]): void {
    this.#came = this.#came.filter((number) => !told.includes(number));
    this.#cannotTake = this.#cannotTake.filter(({ number }) => !told.includes(number));
  }

  #takePart(part: Extract<DownlinkItem, { type: "part" }>, session: NodeSession): boolean {
    const { number, index, count, bytes } = part;
    if (this.#isKnown(number)) return true;
    if (this.#parts?.number !== number || this.#parts.count !== count)
      this.#parts = new PartSet(number, count);
    const whole = this.#parts.add(index, bytes);
    const tooLong = this.#parts.bytes > this.#maximumBytes;
    if (!whole && !tooLong) return true;
    this.#parts = undefined;
    const delivery = whole && !tooLong ? decodeJoinedDelivery(whole) : undefined;
    const { ageSeconds } = part;
    if (delivery) return this.#takeMessage(number, { ...delivery, ageSeconds }, session);
    this.#cannotTake.push({ number, reason: tooLong ? "too-long" : "malformed" });
    return true;
  }

  #takeMessage(number: number, delivery: NativeDelivery, session: NodeSession): boolean {
    const topic = session.resolve(delivery.topic);
    if (topic === undefined) return false;
    // What is not taken now comes again.
    if (this.#isKnown(number) || this.#heard.length >= heardLimit) return true;
    const { retained, ageSeconds = 0 } = delivery;
    const payload = delivery.payload.slice();
    const message = decodeUtf8(payload) ?? toLatin1(payload);
    this.#heard.push({ number, message: { topic, message, payload, retained, ageMs: ageSeconds * 1000 } });
    return true;
  }

  #isKnown(number: number): boolean {
    return (
      this.#came.includes(number) ||
      this.#heard.some((one) => one.number === number) ||
      this.#cannotTake.some((one) => one.number === number)
    );
  }
}
