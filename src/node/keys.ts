import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { defineErrors, messageOf, type Signer } from "../base/index.ts";

/** The errors of keys for boards; `docs/reference/errors.md` explains them. */
export const keyErrors = defineErrors({
  "node/key-unreadable": {
    fault: "caller",
    meaning:
      "A file holds no Ed25519 private key (PEM), or cannot be read. `moteq board key FILE` makes one.",
  },
  "node/key-unwritable": {
    fault: "caller",
    meaning: "A new key cannot be written where it was to be; the message says why.",
  },
  "node/key-exists": {
    fault: "caller",
    meaning:
      "A new key was to be written over a file that is there. Keys are never overwritten: choose another name.",
  },
});

/**
 * Makes a private key for signing commands and images, in a file that only its owner can read.
 *
 * @returns the public key, 64 hexadecimal digits: what boards are told to trust
 * @throws `node/key-exists`, `node/key-unwritable`
 */
export function createKeyFile(path: string): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  try {
    writeFileSync(path, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      const message = `cannot write the key ${path}: ${messageOf(error)}`;
      throw keyErrors.create("node/key-unwritable", message, { cause: error });
    }
    throw keyErrors.create(
      "node/key-exists",
      `${path} is there already; a key is never written over what is there`,
    );
  }
  return rawPublicKey(privateKey).toString("hex");
}

/** Reads a private key. @throws `node/key-unreadable` */
export function readPrivateKey(path: string): Signer {
  let pem: Buffer;
  try {
    pem = readFileSync(path);
  } catch (cause) {
    const message = `cannot read the private key ${path}: ${messageOf(cause)}`;
    throw keyErrors.create("node/key-unreadable", message, { cause });
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    // What OpenSSL says of it is for those who know its parts.
    const message = `${path} holds no private key (PEM, without a passphrase); \`moteq board key FILE\` makes one`;
    throw keyErrors.create("node/key-unreadable", message, { cause });
  }
  if (key.asymmetricKeyType !== "ed25519") {
    throw keyErrors.create(
      "node/key-unreadable",
      `${path} holds a key for ${key.asymmetricKeyType}, not for Ed25519`,
    );
  }
  return {
    publicKey: new Uint8Array(rawPublicKey(key)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

/** The 32 bytes at the end of a public key's DER form (RFC 8410, 4). */
function rawPublicKey(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(-32);
}
