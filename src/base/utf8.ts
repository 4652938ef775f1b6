// Small engines (XS, QuickJS) have no TextEncoder of their own, and for the short texts of MQTT and of radio
// frames plain code is as fast as the native one, so UTF-8 is written out here (RFC 3629).

/** How many bytes a text takes in UTF-8. A lone surrogate counts as U+FFFD: three bytes. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) length += 1;
    else if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(index + 1))) {
      length += 2;
      index++;
    } else length += 2;
  }
  return length;
}

/** A text as UTF-8. A lone surrogate becomes U+FFFD, as `TextEncoder` does. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text));
  writeUtf8(text, bytes, 0);
  return bytes;
}

/** Writes a text as UTF-8 at `offset`, where there must be room for it; returns the offset behind it. */
export function writeUtf8(text: string, target: Uint8Array, offset: number): number {
  for (let index = 0; index < text.length; index++) {
    let code = text.charCodeAt(index);
    if (code < 0x80) {
      target[offset++] = code;
      continue;
    }
    if (isHighSurrogate(code) && isLowSurrogate(text.charCodeAt(index + 1))) {
      code = 0x10000 + ((code - 0xd800) << 10) + (text.charCodeAt(++index) - 0xdc00);
    } else if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x800) target[offset++] = 0xc0 | (code >> 6);
    else {
      if (code < 0x10000) target[offset++] = 0xe0 | (code >> 12);
      else {
        target[offset++] = 0xf0 | (code >> 18);
        target[offset++] = 0x80 | ((code >> 12) & 63);
      }
      target[offset++] = 0x80 | ((code >> 6) & 63);
    }
    target[offset++] = 0x80 | (code & 63);
  }
  return offset;
}

/**
 * The text of UTF-8 bytes from `start` to before `end`, or `undefined` where they are not well-formed
 * (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
 */
export function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string | undefined {
  let text = "";
  let index = start;
  while (index < end) {
    const first = bytes[index] ?? 0;
    if (first < 0x80) {
      text += String.fromCharCode(first);
      index++;
      continue;
    }
    const length = sequenceLength(first);
    if (length === 0 || index + length > end) return undefined;
    let code = first & (0xff >> (length + 1));
    for (let next = index + 1; next < index + length; next++) {
      const byte = bytes[next] ?? 0;
      if ((byte & 0xc0) !== 0x80) return undefined;
      code = (code << 6) | (byte & 63);
    }
    if (code < smallestOfLength[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      return undefined;
    }
    text += String.fromCodePoint(code);
    index += length;
  }
  return text;
}

/** The smallest code point that may be written in so many bytes. */
const smallestOfLength = { 2: 0x80, 3: 0x800, 4: 0x10000 } as const;

function sequenceLength(first: number): 0 | 2 | 3 | 4 {
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
