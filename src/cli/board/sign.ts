import { decodeUtf8, fromHex, sha256Of, toHex } from "../../base/index.ts";
import { readPrivateKey, systemCryptography } from "../../node/index.ts";
import { toImageMessage } from "../../wire/index.ts";
import { readLocal } from "./files.ts";
import type { BoardOptions } from "./options.ts";

/** The signature in `IMAGE.sig`, or by the key of `--sign`; `undefined` with neither. */
export function signatureOf(path: string, image: Uint8Array, { sign }: BoardOptions): string | undefined {
  try {
    const text = decodeUtf8(readLocal(`${path}.sig`))?.trim() ?? "";
    if (/^[0-9a-f]{128}$/.test(text)) return text;
  } catch {
    // There is none.
  }
  const keyFile = sign ?? process.env["MOTEQ_SIGN"];
  return keyFile === undefined ? undefined : signImage(image, keyFile);
}

/** An image's signature, 128 hexadecimal digits. @throws `node/key-unreadable` */
export function signImage(image: Uint8Array, keyFile: string): string {
  const digest = fromHex(sha256Of(systemCryptography, image)) ?? new Uint8Array();
  return toHex(readPrivateKey(keyFile).sign(toImageMessage(digest)));
}
