import { decodeUtf8, encodeUtf8 } from "../base/index.ts";

// The classic dialects carry payloads as JSON strings, which are text. Bytes that are no UTF-8 travel as one
// character each, U+0000 … U+00FF; a node gets them back with `bytes(map(ord, message))`.

/** A payload as the text that a frame carries. */
export function toFrameText(payload: Uint8Array): string {
  return decodeUtf8(payload) ?? toLatin1(payload);
}

/** A JSON string as MicroPython's `json.dumps` prints it: only `"`, `\` and controls are escaped. */
export function printJsonString(text: string): string {
  let printed = '"';
  for (const character of text) {
    const escape = escapes[character];
    if (escape) printed += escape;
    else if (character < " ") printed += `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    else printed += character;
  }
  return `${printed}"`;
}

/** How many bytes a character can take at the most when it is escaped: `\\u0000`. */
export const longestEscape = 6;

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** The value of a frame's JSON, and how its strings become bytes again; `undefined` if it is no JSON. */
export function parseFrameJson(
  bytes: Uint8Array,
): { value: unknown; toBytes: (text: string) => Uint8Array } | undefined {
  const text = decodeUtf8(bytes);
  if (text !== undefined) {
    const value = parseJson(text);
    return value === undefined ? undefined : { value, toBytes: encodeUtf8 };
  }
  // MicroPython prints a `bytes` message raw between the quotes, so that the frame is no UTF-8 as a whole.
  const value = parseJson(toLatin1(bytes));
  return value === undefined ? undefined : { value, toBytes: fromLatin1 };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Each byte as the character of its number, U+0000 … U+00FF. */
export function toLatin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The bytes of such characters. */
export function fromLatin1(text: string): Uint8Array {
  // A character above U+00FF can only come from an escape, which then is meant as a character, not a byte.
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0xff) return encodeUtf8(text);
  }
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}
