import { concatBytes } from "../base/index.ts";
import { maximumParts } from "./classic-parts.ts";

/** Cuts what is longer than a frame into parts of `room` bytes; `undefined` if 255 are not enough. */
export function cutParts(bytes: Uint8Array, room: number): Uint8Array[] | undefined {
  const count = Math.ceil(bytes.length / room);
  if (room < 1 || count > maximumParts) return undefined;
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * room, (index + 1) * room));
}

/** Whether the bitmap of the parts that came says so of this one. */
export function hasPart(bits: Uint8Array, index: number): boolean {
  return (((bits[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}

/** Puts the parts of one item together, in whatever order they come. */
export class PartSet {
  readonly number: number;
  readonly count: number;
  readonly #parts: (Uint8Array | undefined)[] = [];
  #missing: number;
  #bytes = 0;

  constructor(number: number, count: number) {
    this.number = number;
    this.count = count;
    this.#missing = count;
  }

  /** How many bytes have come. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a part; one that came before is left as it is. Returns the whole with the last that was missing. */
  add(index: number, bytes: Uint8Array): Uint8Array | undefined {
    if (index < this.count && this.#parts[index] === undefined) {
      this.#parts[index] = bytes.slice();
      this.#bytes += bytes.length;
      this.#missing--;
    }
    return this.#missing === 0 ? concatBytes(this.#parts.filter((part) => part !== undefined)) : undefined;
  }

  /** Which parts came. */
  get bits(): Uint8Array {
    const bits = new Uint8Array(Math.ceil(this.count / 8));
    for (let index = 0; index < this.count; index++) {
      if (this.#parts[index]) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
    }
    return bits;
  }
}
