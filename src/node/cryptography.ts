import { createHash, createPublicKey, type KeyObject, randomBytes, verify } from "node:crypto";
import type { Cryptography } from "../base/index.ts";

/** What stands before an Ed25519 public key of 32 bytes in its DER form (RFC 8410, 4). */
const publicKeyPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** Node's own cryptography, which is OpenSSL's. */
export const systemCryptography: Cryptography = {
  createSha256() {
    const hash = createHash("sha256");
    return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest("hex") };
  },
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  verify(publicKey, message, signature) {
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    return verify(null, message, toKey(publicKey), signature);
  },
};

/** The keys that were used, by their bytes: to read one takes as long as to verify with it. */
const knownKeys = new Map<string, KeyObject>();
const mostKnownKeys = 64;

function toKey(bytes: Uint8Array): KeyObject {
  const der = Buffer.concat([publicKeyPrefix, bytes]);
  const name = der.toString("latin1");
  const known = knownKeys.get(name);
  if (known) return known;
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  if (knownKeys.size >= mostKnownKeys) knownKeys.clear();
  knownKeys.set(name, key);
  return key;
}
