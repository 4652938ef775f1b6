import { decodeUtf8, utf8Length, writeUtf8 } from "../base/index.ts";

/** Writes the fields of the native dialect, big-endian, one behind the other. */
export class FieldWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  u16(value: number): this {
    return this.u8((value >> 8) & 0xff).u8(value & 0xff);
  }

  u32(value: number): this {
    return this.u16((value >>> 16) & 0xffff).u16(value & 0xffff);
  }

  /** Seven bits a byte, the lowest first; 0 … 2³² − 1, what is above becomes that. */
  varint(value: number): this {
    let rest = Math.min(Math.max(0, Math.floor(value)), 0xffff_ffff);
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.u8(rest);
  }

  bytes(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** A length, then the bytes. */
  sized(bytes: Uint8Array): this {
    return this.varint(bytes.length).bytes(bytes);
  }

  text(text: string): this {
    const length = utf8Length(text);
    this.#reserve(length);
    writeUtf8(text, this.#bytes, this.#length);
    this.#length += length;
    return this;
  }

  /** All that was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/**
 * Reads such fields. Where there is not enough left it gives zeros and nothing, and `failed` says so from then on: a reader
 * of frames looks once, at the end of each item.
 */
export class FieldReader {
  /** Whether something was asked for that was not there. */
  failed = false;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) {
      this.failed = true;
      return 0;
    }
    this.#at++;
    return value;
  }

  u16(): number {
    return this.u8() * 0x100 + this.u8();
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 0x80 ** 4; scale *= 0x80) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > 0xffff_ffff) this.failed = true;
        return value;
      }
    }
    this.failed = true;
    return 0;
  }

  /** A view of the next bytes. */
  bytes(length: number): Uint8Array {
    if (length > this.left) {
      this.failed = true;
      return this.#bytes.subarray(0, 0);
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** What `sized` wrote. */
  sized(): Uint8Array {
    return this.bytes(this.varint());
  }

  /** So many bytes of UTF-8; fails where they are none. */
  text(length: number): string {
    const text = decodeUtf8(this.bytes(length));
    if (text === undefined) this.failed = true;
    return text ?? "";
  }
}
