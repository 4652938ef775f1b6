import { crc32 } from "./serial/crc32.ts";

/** What stands before bytes that were made characters; no classic string begins with it. */
const mark = 1;
/** Stands before a character that may not be: 0, and itself. */
const escape = 0x7f;
const escaped = { zero: 1, escape: 2 } as const;
const sumBytes = 4;

/**
 * Makes characters 1 … 127 of any bytes, for wires that carry no others and check nothing: a mark, then seven bits a
 * character of the bytes and their CRC-32, the highest first. 0 becomes `7f 01`, and 7f `7f 02`.
 */
export function encodeSevenBit(bytes: Uint8Array): Uint8Array {
  const summed = new Uint8Array(bytes.length + sumBytes);
  summed.set(bytes);
  new DataView(summed.buffer).setUint32(bytes.length, crc32(bytes));
  const characters = [mark];
  const put = (seven: number) => {
    if (seven === 0) characters.push(escape, escaped.zero);
    else if (seven === escape) characters.push(escape, escaped.escape);
    else characters.push(seven);
  };
  let held = 0;
  let bits = 0;
  for (const byte of summed) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 7) {
      bits -= 7;
      put((held >> bits) & 127);
    }
    held &= (1 << bits) - 1;
  }
  if (bits > 0) put((held << (7 - bits)) & 127);
  return Uint8Array.from(characters);
}

/** Whether characters are of {@link encodeSevenBit}, and not a classic string. */
export function isSevenBit(characters: Uint8Array): boolean {
  return characters[0] === mark;
}

/** The bytes again; `undefined` if they were damaged. Never throws. */
export function decodeSevenBit(characters: Uint8Array): Uint8Array | undefined {
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (let index = 1; index < characters.length; index++) {
    let seven = characters[index] ?? 0;
    if (seven === escape) {
      const which = characters[++index];
      if (which !== escaped.zero && which !== escaped.escape) return undefined;
      seven = which === escaped.zero ? 0 : escape;
    }
    held = (held << 7) | seven;
    bits += 7;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 255);
    held &= (1 << bits) - 1;
  }
  const summed = Uint8Array.from(bytes);
  const length = summed.length - sumBytes;
  if (length < 0) return undefined;
  const sum = new DataView(summed.buffer).getUint32(length);
  return sum === crc32(summed, 0, length) ? summed.subarray(0, length) : undefined;
}
