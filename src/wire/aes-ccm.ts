import { cbc, ctr } from "@noble/ciphers/aes.js";

// AES-128-CCM (NIST SP 800-38C, RFC 3610) with a nonce of 13 bytes, so that lengths take 2, and a tag of 8. Its two halves are
// CBC and CTR, which the library has; MicroPython has them too. OpenSSL is its oracle in the tests.

/** How many bytes the tag takes. */
export const tagBytes = 8;
/** How many bytes a nonce has. */
export const nonceBytes = 13;

const blockBytes = 16;
const lengthBytes = blockBytes - 1 - nonceBytes;

/** Encrypts `body` and authenticates it with `header`: the encrypted bytes, then the tag. A nonce must never come twice. */
export function sealCcm(
  key: Uint8Array,
  nonce: Uint8Array,
  header: Uint8Array,
  body: Uint8Array,
): Uint8Array {
  const stream = new Uint8Array(blockBytes + body.length);
  stream.set(authenticate(key, nonce, header, body));
  stream.set(body, blockBytes);
  // The first block of the key stream covers the tag, the others the body.
  const covered = ctr(key, counterBlock(nonce)).encrypt(stream);
  const sealed = new Uint8Array(body.length + tagBytes);
  sealed.set(covered.subarray(blockBytes));
  sealed.set(covered.subarray(0, tagBytes), body.length);
  return sealed;
}

/** The body of what `sealCcm` made; `undefined` if a bit of it, of the header, the nonce or the key is another. */
export function openCcm(
  key: Uint8Array,
  nonce: Uint8Array,
  header: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const length = sealed.length - tagBytes;
  if (length < 0) return undefined;
  const stream = new Uint8Array(blockBytes + length);
  stream.set(sealed.subarray(length));
  stream.set(sealed.subarray(0, length), blockBytes);
  const uncovered = ctr(key, counterBlock(nonce)).decrypt(stream);
  const body = uncovered.subarray(blockBytes);
  const tag = authenticate(key, nonce, header, body);
  return isSame(tag, uncovered) ? body : undefined;
}

/** The tag before it is covered: CBC-MAC over the first block, the header and the body, each filled up with zeros. */
function authenticate(key: Uint8Array, nonce: Uint8Array, header: Uint8Array, body: Uint8Array): Uint8Array {
  const headerEnd = blockBytes + roundUp(header.length === 0 ? 0 : header.length + 2);
  const blocks = new Uint8Array(headerEnd + roundUp(body.length));
  blocks[0] = (header.length > 0 ? 0x40 : 0) | (((tagBytes - 2) / 2) << 3) | (lengthBytes - 1);
  blocks.set(nonce, 1);
  blocks[14] = body.length >> 8;
  blocks[15] = body.length & 0xff;
  if (header.length > 0) {
    blocks[blockBytes] = header.length >> 8;
    blocks[blockBytes + 1] = header.length & 0xff;
    blocks.set(header, blockBytes + 2);
  }
  blocks.set(body, headerEnd);
  const chained = cbc(key, new Uint8Array(blockBytes), { disablePadding: true }).encrypt(blocks);
  return chained.subarray(chained.length - blockBytes, chained.length - blockBytes + tagBytes);
}

/** The block before the first of the key stream's: the counter in it is 0. */
function counterBlock(nonce: Uint8Array): Uint8Array {
  const block = new Uint8Array(blockBytes);
  block[0] = lengthBytes - 1;
  block.set(nonce, 1);
  return block;
}

/** Compares a tag, in a time that tells nothing of where it differs. */
function isSame(tag: Uint8Array, other: Uint8Array): boolean {
  let difference = 0;
  for (let index = 0; index < tagBytes; index++) difference |= (tag[index] ?? 0) ^ (other[index] ?? 0);
  return difference === 0;
}

function roundUp(length: number): number {
  return Math.ceil(length / blockBytes) * blockBytes;
}
