/** The sums of single bytes, for the polynomial 0xEDB88320 (the reversed 0x04C11DB7). */
const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb8_8320 : sum >>> 1;
  return sum;
});

/**
 * The CRC-32 of Ethernet, zip and Python's `binascii.crc32` (IEEE 802.3, 3.2.9), of the bytes from `start` to before
 * `end`: 0 … 2³² − 1.
 */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let sum = -1;
  for (let index = start; index < end; index++) {
    sum = (table[(sum ^ (bytes[index] ?? 0)) & 255] ?? 0) ^ (sum >>> 8);
  }
  return ~sum >>> 0;
}
