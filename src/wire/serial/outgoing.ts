import { Ring } from "../../base/index.ts";
import type { SerialHello, SerialPacket } from "./packet.ts";

/** A packet of data that was sent. What it says has come from the other end is set each time it goes out. */
type Sent = Extract<SerialPacket, { type: "data" }> & { expected: number };

interface OutgoingOptions {
  readonly repeatMs: number;
  readonly queueBytes: number;
  /** Puts a packet on the line; `again` with the first that goes out a second time. */
  readonly write: (packet: Sent, again: boolean) => void;
}

/** The longest time between two repetitions, in first times. */
const slowest = 8;
/** What a message costs in the queue besides its bytes, so that many empty ones are bounded too. */
const costOfMessage = 16;

/**
 * The sending half of a channel: messages are cut into packets, as many as the other end takes are under way, and all
 * of them go out again from the first that is missing ("go back n"): the receiver need not keep anything out of order.
 */
export class Outgoing {
  /** When what is under way is to be sent again; `Infinity` while nothing is. */
  repeatAt = Infinity;
  /** Bytes of messages that wait or are under way. */
  bytes = 0;
  readonly #options: OutgoingOptions;
  readonly #waiting = new Ring<Uint8Array>(Infinity);
  /** How much of the first message that waits has been sent. */
  #offset = 0;
  readonly #underway: Sent[] = [];
  /** The sequence number of the first packet under way, or else of the next. */
  #first = 0;
  #peer: SerialHello | undefined;
  #repeatMs: number;
  /** A packet whose acknowledgement is awaited to learn how long that takes; none that was sent twice. */
  #timed: { readonly sequence: number; readonly at: number } | undefined;
  #roundTripMs = 0;
  /** Whether a message was not taken: then it is told when there is room. */
  #refused = false;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#repeatMs = options.repeatMs;
  }

  /** Begins with an end that has just become known. */
  start(peer: SerialHello): void {
    this.clear();
    this.#peer = peer;
  }

  /** Forgets everything. */
  clear(): void {
    this.#peer = undefined;
    this.#waiting.clear();
    this.#underway.length = 0;
    this.#offset = 0;
    this.#first = 0;
    this.bytes = 0;
    this.repeatAt = Infinity;
    this.#repeatMs = this.#options.repeatMs;
    this.#timed = undefined;
    this.#roundTripMs = 0;
    this.#refused = false;
  }

  /** Takes a message; `false` when the queue is full. */
  push(message: Uint8Array, now: number): boolean {
    const cost = message.length + costOfMessage;
    if (this.bytes > 0 && this.bytes + cost > this.#options.queueBytes) {
      this.#refused = true;
      return false;
    }
    this.bytes += cost;
    this.#waiting.push(message);
    this.sendNext(now);
    return true;
  }

  /** Sends for as long as the window has room. */
  sendNext(now: number): void {
    const { window, maximumData } = this.#peer ?? { window: 0, maximumData: 1 };
    while (this.#underway.length < window) {
      const message = this.#waiting.peek();
      if (!message) return;
      const end = Math.min(this.#offset + maximumData, message.length);
      const more = end < message.length;
      const sequence = (this.#first + this.#underway.length) & 255;
      const whole = !more && this.#offset === 0;
      const bytes = whole ? message : message.subarray(this.#offset, end);
      const packet: Sent = { type: "data", more, sequence, expected: 0, bytes };
      this.#offset = more ? end : 0;
      if (!more) this.#waiting.shift();
      if (this.#underway.length === 0) this.repeatAt = now + this.#repeatMs;
      this.#underway.push(packet);
      this.#timed ??= { sequence, at: now };
      this.#options.write(packet, false);
    }
  }

  /** Everything before `expected` has arrived. `room`: a message that was refused may be tried again. */
  acknowledge(expected: number, now: number): "ok" | "room" | "bad" {
    const count = (expected - this.#first) & 255;
    if (count > this.#underway.length) return "bad";
    if (count === 0) return "ok";
    for (const { bytes, more } of this.#underway.splice(0, count)) {
      this.bytes -= bytes.length + (more ? 0 : costOfMessage);
    }
    this.#measure(count, now);
    this.#first = expected;
    this.repeatAt = this.#underway.length > 0 ? now + this.#repeatMs : Infinity;
    if (!this.#refused || this.bytes * 2 > this.#options.queueBytes) return "ok";
    this.#refused = false;
    return "room";
  }

  /** Sends everything under way again. */
  repeat(now: number): void {
    const longest = this.#options.repeatMs * slowest;
    if (this.#repeatMs < longest) this.#repeatMs = Math.min(this.#repeatMs * 2, longest);
    this.repeatOnRequest(now);
  }

  /** Sends everything under way again, since the other end misses something. */
  repeatOnRequest(now: number): void {
    if (this.#underway.length === 0) return;
    this.#timed = undefined;
    this.repeatAt = now + this.#repeatMs;
    for (const [index, packet] of this.#underway.entries()) this.#options.write(packet, index === 0);
  }

  /**
   * Learns from the acknowledgement of the first `count` packets how long one takes: on a slow line a whole window may
   * be before the answer. Patience that grew stays until then, as in RFC 6298, 5.
   */
  #measure(count: number, now: number): void {
    if (!this.#timed || ((this.#timed.sequence - this.#first) & 255) >= count) return;
    const took = now - this.#timed.at;
    this.#roundTripMs += (took - this.#roundTripMs) / (this.#roundTripMs === 0 ? 1 : 4);
    this.#timed = undefined;
    this.#repeatMs = Math.max(this.#options.repeatMs, 2 * this.#roundTripMs);
  }
}
