import { Counters } from "../../base/index.ts";
import { crc32 } from "./crc32.ts";

/** Why what stood between two zeros was no frame. */
export type SerialFault =
  /** More bytes than a frame may have came without a zero. */
  | "too-long"
  /** The stuffing points past the end. */
  | "bad-stuffing"
  /** Not even room for a sum. */
  | "too-short"
  /** The sum does not fit: something was altered, lost or doubled. */
  | "bad-sum";

const sumBytes = 4;
/** Where frames are put together: most are short, and there are many. */
const scratch = new Uint8Array(1024);
/** The longest run that one byte of stuffing can announce. */
const longestRun = 254;

/**
 * Makes a frame: the content and its CRC-32, stuffed so that no zero is in it, and a zero at the end. The stuffing is
 * "consistent overhead byte stuffing" (S. Cheshire and M. Baker, 1997): one byte more, and another for every 254.
 *
 * @param afterSilence puts a zero before it too, so that noise since the last frame cannot spoil this one
 */
export function encodeSerialFrame(content: Uint8Array, afterSilence = false): Uint8Array {
  const length = content.length + sumBytes;
  const plain = length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length);
  plain.set(content);
  const sum = crc32(content);
  plain[length - 4] = sum >>> 24;
  plain[length - 3] = sum >>> 16;
  plain[length - 2] = sum >>> 8;
  plain[length - 1] = sum;
  const start = afterSilence ? 1 : 0;
  const frame = new Uint8Array(start + length + Math.floor(length / longestRun) + 2);
  const end = stuff(plain, frame, start);
  return frame.subarray(0, end + 1);
}

/** How many bytes a frame with so much content takes at the most, its zero included. */
export function longestSerialFrame(contentBytes: number): number {
  const length = contentBytes + sumBytes;
  return length + Math.floor(length / longestRun) + 2;
}

/** Writes `plain` without zeros: each run of other bytes behind its length + 1. Returns the offset behind it. */
function stuff(plain: Uint8Array, frame: Uint8Array, start: number): number {
  let runAt = start;
  let end = start + 1;
  for (const byte of plain) {
    // A full run has no zero behind it. Begun only when there is more, so that none is empty at the end.
    if (end - runAt > longestRun) {
      frame[runAt] = end - runAt;
      runAt = end++;
    }
    if (byte === 0) {
      frame[runAt] = end - runAt;
      runAt = end++;
    } else frame[end++] = byte;
  }
  frame[runAt] = end - runAt;
  return end;
}

/**
 * Cuts a stream of bytes, however it was chunked, into the contents of frames. Never throws, holds one frame at the
 * most, and is in step again at the next zero after any garbage. The pair of {@link encodeSerialFrame}.
 */
export class SerialFrameReader {
  /** What could not be read, by reason. */
  readonly faults = new Counters<SerialFault>();
  readonly #buffer: Uint8Array;
  #filled = 0;
  #tooLong = false;

  /** @param maximumContent the longest content taken, in bytes */
  constructor(maximumContent: number) {
    this.#buffer = new Uint8Array(longestSerialFrame(maximumContent) - 1);
  }

  /** The contents of the frames that end in `bytes`, in order; they are the caller's. */
  read(bytes: Uint8Array): Uint8Array[] {
    const contents: Uint8Array[] = [];
    let start = 0;
    while (start < bytes.length) {
      const zero = bytes.indexOf(0, start);
      this.#keep(bytes, start, zero < 0 ? bytes.length : zero);
      if (zero < 0) break;
      const content = this.#finish();
      if (content) contents.push(content);
      start = zero + 1;
    }
    return contents;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    if (this.#filled + end - start > this.#buffer.length) this.#tooLong = true;
    if (this.#tooLong) return;
    this.#buffer.set(bytes.subarray(start, end), this.#filled);
    this.#filled += end - start;
  }

  #finish(): Uint8Array | undefined {
    const stuffed = this.#buffer.subarray(0, this.#filled);
    const tooLong = this.#tooLong;
    this.#filled = 0;
    this.#tooLong = false;
    if (tooLong) return this.#refuse("too-long");
    // Two zeros in a row are no frame and no fault.
    if (stuffed.length === 0) return undefined;
    const plain = unstuff(stuffed);
    if (!plain) return this.#refuse("bad-stuffing");
    const length = plain.length - sumBytes;
    if (length < 0) return this.#refuse("too-short");
    const sum = crc32(plain, 0, length);
    const told =
      ((plain[length] ?? 0) << 24) |
      ((plain[length + 1] ?? 0) << 16) |
      ((plain[length + 2] ?? 0) << 8) |
      (plain[length + 3] ?? 0);
    if (told >>> 0 !== sum) return this.#refuse("bad-sum");
    return plain.subarray(0, length);
  }

  #refuse(fault: SerialFault): undefined {
    this.faults.add(fault);
    return undefined;
  }
}

/** Takes the stuffing out again. */
function unstuff(stuffed: Uint8Array): Uint8Array | undefined {
  const plain = new Uint8Array(stuffed.length);
  let from = 0;
  let to = 0;
  while (from < stuffed.length) {
    const code = stuffed[from] ?? 0;
    const next = from + code;
    if (next > stuffed.length) return undefined;
    for (let index = from + 1; index < next; index++) plain[to++] = stuffed[index] ?? 0;
    if (code <= longestRun && next < stuffed.length) plain[to++] = 0;
    from = next;
  }
  return plain.subarray(0, to);
}
