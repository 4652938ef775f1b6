// The same few topics come again and again. One string for all of them costs less than a new one each time: nothing to
// join, nothing to hash, nothing to collect.

const slots = 512;
/** Longer ones are hardly repeated so often, and would take memory. */
const longestRemembered = 128;
const remembered = Array.from({ length: slots }, () => "");

/** The text of ASCII bytes from `start` to before `end`: the same string as before, if it was among the last few hundred. */
export function toRememberedText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > longestRemembered) return toText(bytes, start, end);
  let hash = 0;
  for (let index = start; index < end; index++) hash = (Math.imul(hash, 31) + (bytes[index] ?? 0)) >>> 0;
  const slot = hash % slots;
  const known = remembered[slot] ?? "";
  if (isSame(known, bytes, start, end)) return known;
  const text = toText(bytes, start, end);
  remembered[slot] = text;
  return text;
}

function isSame(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

function toText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let index = start; index < end; index++) text += String.fromCharCode(bytes[index] ?? 0);
  return text;
}
