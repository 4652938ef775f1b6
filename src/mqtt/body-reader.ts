import { decodeUtf8 } from "../base/index.ts";
import type { QoS } from "../topics/index.ts";

/** Why bytes are no packet of MQTT. */
export type MalformedReason =
  | "bad-alias"
  | "bad-flags"
  | "bad-length"
  | "bad-packet-id"
  | "bad-properties"
  | "bad-protocol"
  | "bad-qos"
  | "bad-reason-code"
  | "bad-text"
  | "bad-topic"
  | "bad-type"
  | "too-long";

/** Reads one value of a packet's body after the other. The first fault is kept; behind it every value is an empty one. */
export class BodyReader {
  fault: MalformedReason | undefined;
  readonly bytes: Uint8Array;
  #offset: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.#offset = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#offset;
  }

  /** Ends the reading: what follows is empty. */
  fail(reason: MalformedReason): void {
    this.fault ??= reason;
    this.#offset = this.#end;
  }

  byte(): number {
    const start = this.take(1);
    return this.fault ? 0 : (this.bytes[start] as number);
  }

  uint16(): number {
    return this.byte() * 256 + this.byte();
  }

  uint32(): number {
    return this.uint16() * 65_536 + this.uint16();
  }

  /** Seven bits a byte, the lowest first, four bytes at the most (MQTT 5, 1.5.5). */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    this.fail("bad-length");
    return 0;
  }

  packetId(): number {
    const packetId = this.uint16();
    if (packetId === 0) this.fail("bad-packet-id");
    return packetId;
  }

  data(): Uint8Array {
    const start = this.take(this.uint16());
    return this.bytes.subarray(start, this.#offset);
  }

  text(): string {
    const start = this.take(this.uint16());
    const text = decodeUtf8(this.bytes, start, this.#offset);
    if (text === undefined || text.includes("\0")) this.fail("bad-text");
    return text ?? "";
  }

  qos(value: number): QoS {
    if (value > 2) this.fail("bad-qos");
    return value as QoS;
  }

  /** Moves on by `length` bytes; returns where they begin. */
  take(length: number): number {
    if (length > this.left) this.fail("bad-length");
    const start = this.#offset;
    if (!this.fault) this.#offset += length;
    return start;
  }
}
