import { createHash, createPublicKey, randomBytes, verify } from "node:crypto";
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
    const der = Buffer.concat([publicKeyPrefix, publicKey]);
    return verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
  },
};
