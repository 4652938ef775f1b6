import { encodeUtf8 } from "../base/index.ts";

/** Collects the body of a packet that is not sent often; those that are, {@link PacketWriter} writes where they go. */
export class BodyWriter {
  readonly bytes: number[] = [];

  byte(value: number): void {
    this.bytes.push(value & 255);
  }

  uint16(value: number): void {
    this.byte(value >> 8);
    this.byte(value);
  }

  uint32(value: number): void {
    this.uint16(value >>> 16);
    this.uint16(value);
  }

  /** Seven bits a byte, the lowest first (MQTT 5, 1.5.5). */
  varint(value: number): void {
    let rest = value;
    for (; rest > 127; rest >>>= 7) this.byte(rest | 128);
    this.byte(rest);
  }

  data(value: Uint8Array): void {
    this.uint16(value.length);
    for (const byte of value) this.bytes.push(byte);
  }

  text(value: string): void {
    this.data(encodeUtf8(value));
  }
}
