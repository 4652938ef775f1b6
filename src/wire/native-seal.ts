import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { openCcm, sealCcm } from "./aes-ccm.ts";

/** The cryptography that the native dialect stands on; another implementation must give the same bytes. */
export interface Seal {
  /** AES-128-CCM with a nonce of 13 bytes and a tag of 8: the encrypted body, then the tag. */
  seal(key: Uint8Array, nonce: Uint8Array, header: Uint8Array, body: Uint8Array): Uint8Array;
  /** The body again; `undefined` if anything was altered. */
  open(key: Uint8Array, nonce: Uint8Array, header: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
  /** SHA-256. */
  hash(bytes: Uint8Array): Uint8Array;
  /** HMAC-SHA256. */
  mac(key: Uint8Array, bytes: Uint8Array): Uint8Array;
  /** HKDF-SHA256 (RFC 5869). */
  derive(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array;
}

/** The cryptography of `@noble/ciphers` and `@noble/hashes`, which run in any engine and were audited. */
export const nobleSeal: Seal = {
  seal: sealCcm,
  open: openCcm,
  hash: (bytes) => sha256(bytes),
  mac: (key, bytes) => hmac(sha256, key, bytes),
  derive: (secret, salt, info, length) => hkdf(sha256, secret, salt, info, length),
};
