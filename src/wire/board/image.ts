import { concatBytes, encodeUtf8 } from "../../base/index.ts";

/** What the signature of an image signs. `sha256` is the image's digest, 32 bytes. */
export function toImageMessage(sha256: Uint8Array): Uint8Array {
  return concatBytes([encodeUtf8("moteq image\0"), sha256]);
}
