// To know a message again, not to prove who wrote it: 52 bits, so that the numbers are exact and chance is out.

const prime = 0x0100_0193;

/** A number that differs, but for chance, where the texts differ. */
export function digestText(text: string): number {
  let low = 0x811c_9dc5;
  let high = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, prime);
    high = Math.imul(high ^ unit, 0x85eb_ca6b) ^ (high >>> 13);
  }
  return combine(low, high);
}

/** A number that differs, but for chance, where the bytes differ. */
export function digestBytes(bytes: Uint8Array): number {
  let low = 0x811c_9dc5;
  let high = bytes.length;
  for (const byte of bytes) {
    low = Math.imul(low ^ byte, prime);
    high = Math.imul(high ^ byte, 0x85eb_ca6b) ^ (high >>> 13);
  }
  return combine(low, high);
}

function combine(low: number, high: number): number {
  return (low >>> 0) + (high & 0xf_ffff) * 0x1_0000_0000;
}
