import { existsSync } from "node:fs";
import { decodeUtf8, fromHex, sha256Of, toHex } from "../../base/index.ts";
import { createKeyFile, keyErrors, readPrivateKey, systemCryptography } from "../../node/index.ts";
import { remoteErrors } from "../../remote/index.ts";
import { toImageMessage } from "../../wire/index.ts";
import { cliErrors } from "../errors.ts";
import { isRefused } from "./entry.ts";
import { readImage, readLocal } from "./files.ts";
import type { BoardOptions } from "./options.ts";

/** Sees to it that an image can be sent, and that what is beside it is a signature. @throws `cli/local-file` */
export function assertSendable(path: string): void {
  readImage(path);
  readSignature(path);
}

/**
 * The signature in `IMAGE.sig`, or by the key of `--sign`; `undefined` with neither.
 *
 * @throws `cli/local-file`, `node/key-unreadable`
 */
export function signatureOf(path: string, image: Uint8Array, { sign }: BoardOptions): string | undefined {
  const keyFile = sign ?? process.env["MOTEQ_SIGN"];
  return readSignature(path) ?? (keyFile === undefined ? undefined : signImage(image, keyFile));
}

/** A board's refusal of an image's signature, with the file that it came from, where it came from one. */
export function nameSignature(path: string, error: unknown): unknown {
  // A command that is refused for its own key has nothing to do with that file.
  const isOfImage = isRefused(error, "board/untrusted") && /image/.test((error as Error).message);
  if (!isOfImage || !existsSync(toSignaturePath(path))) return error;
  const { message, detail } = error as Error & { detail: Readonly<Record<string, unknown>> };
  const hint = `it is from ${toSignaturePath(path)}: is that of this build? Sign the image anew, or remove the file`;
  return remoteErrors.create("remote/refused", `${message}; ${hint}`, { detail, cause: error });
}

/** An image's signature, 128 hexadecimal digits. @throws `node/key-unreadable` */
export function signImage(image: Uint8Array, keyFile: string): string {
  const digest = fromHex(sha256Of(systemCryptography, image)) ?? new Uint8Array();
  return toHex(readPrivateKey(keyFile).sign(toImageMessage(digest)));
}

/**
 * Makes a private key; one that is there already is left as it is.
 *
 * @returns its public key, and whether it was made
 * @throws `node/key-exists` if what is there is no key, `node/key-unwritable`
 */
export function findOrMakeKey(path: string): { readonly publicKey: string; readonly made: boolean } {
  try {
    return { publicKey: createKeyFile(path), made: true };
  } catch (error) {
    if (!keyErrors.is(error, "node/key-exists")) throw error;
    try {
      return { publicKey: toHex(readPrivateKey(path).publicKey), made: false };
    } catch {
      throw error;
    }
  }
}

/** What is in `IMAGE.sig`; `undefined` if there is none. @throws `cli/local-file` */
function readSignature(imagePath: string): string | undefined {
  const path = toSignaturePath(imagePath);
  if (!existsSync(path)) return undefined;
  const text = decodeUtf8(readLocal(path))?.trim() ?? "";
  if (/^[0-9a-f]{128}$/.test(text)) return text;
  throw cliErrors.create(
    "cli/local-file",
    `${path} is no signature: one has 128 hexadecimal digits, as \`moteq board sign\` prints them; remove it, or make it anew`,
  );
}

function toSignaturePath(imagePath: string): string {
  return `${imagePath}.sig`;
}
