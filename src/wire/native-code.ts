import { encodeUtf8, type RandomBytes } from "../base/index.ts";

// Crockford's base32: no I, L, O or U, so that nobody has to guess what was meant.
const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const codeLength = 20;
const groupLength = 5;

/** A provisioning code of 100 random bits, as `K7QF9-M2XTR-…`, for people to copy. */
export function createJoinCode(randomBytes: RandomBytes): string {
  const characters = Array.from(randomBytes(codeLength), (byte) => digits.charAt(byte & 31));
  return Array.from({ length: codeLength / groupLength }, (_, group) =>
    characters.slice(group * groupLength, (group + 1) * groupLength).join(""),
  ).join("-");
}

/** The secret of a code as people write it: dashes, spaces and case don't count. */
export function secretOfCode(code: string): Uint8Array {
  return encodeUtf8(code.replaceAll(/[\s-]/g, "").toUpperCase());
}

/** The secret of a join while a window is open without a code. It is none: who listens then can make the same key. */
export const openJoinSecret: Uint8Array = encodeUtf8("moteq open");
