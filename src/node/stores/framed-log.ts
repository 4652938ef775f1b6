import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import type { StoreFile } from "./store-folder.ts";

// A log: a header, then records, each in a frame. Numbers have their highest byte first.
//
//   header   the same twice, in case one is damaged:
//            "moteqlog"; the format, 1 byte; two salts, 4 bytes each; the CRC-32 of these 17 bytes
//   frame    a7; the record's length, 4 bytes; its CRC-32 with the second salt;
//            the CRC-32 of these 9 bytes with the first salt; the record
//
// A sum with a salt begins with it. The salts are random, so that nobody can send a message that looks like a frame to
// whoever reads on behind damage.

/** Raised whenever frames or records change so that older ones would be misunderstood. */
export const logFormat = 2;

const magic = Buffer.from("moteqlog");
const copyLength = 21;
export const headerLength = 2 * copyLength;

const mark = 0xa7;
const frameLength = 13;

/** So much of a log is read at once, in bytes. */
const pieceLength = 1_048_576;

/** What tells the frames of one log from everything else. */
export interface LogKey {
  readonly frameSalt: number;
  readonly recordSalt: number;
}

export function createLogKey(): LogKey {
  const bytes = randomBytes(8);
  return { frameSalt: bytes.readUInt32BE(0), recordSalt: bytes.readUInt32BE(4) };
}

/** What a log begins with. */
export function encodeHeader({ frameSalt, recordSalt }: LogKey): Uint8Array {
  const copy = Buffer.alloc(copyLength);
  copy.set(magic);
  copy.writeUInt8(logFormat, 8);
  copy.writeUInt32BE(frameSalt, 9);
  copy.writeUInt32BE(recordSalt, 13);
  copy.writeUInt32BE(crc32(copy.subarray(0, 17)), 17);
  return Buffer.concat([copy, copy]);
}

/** A record in its frame. */
export function encodeFrame(record: Uint8Array, { frameSalt, recordSalt }: LogKey): Uint8Array {
  const frame = Buffer.alloc(frameLength + record.length);
  frame.writeUInt8(mark, 0);
  frame.writeUInt32BE(record.length, 1);
  frame.writeUInt32BE(crc32(record, recordSalt), 5);
  frame.writeUInt32BE(crc32(frame.subarray(0, 9), frameSalt), 9);
  frame.set(record, frameLength);
  return frame;
}

/** What a log turned out to be. */
export interface LogFound {
  /** Its format: 1 for a log from before there were headers; `undefined` if it is no log. Only 2 was read. */
  readonly format: number | undefined;
  /** How many stretches of it are not as they were written. */
  readonly damaged: number;
  /** Whether it ends in the middle of a frame, as it does when the process was killed while it wrote. */
  readonly torn: boolean;
  /** Where the next frame belongs: at its end, or where the torn one begins. */
  readonly end: number;
  /** What its frames are made with; `undefined` if it was not read. */
  readonly key: LogKey | undefined;
}

/**
 * Reads all whole records of a log, in order, whatever else there is, and in time and memory that grow with its length
 * and its longest record. The pair of {@link encodeHeader} and {@link encodeFrame}.
 *
 * @param take is given each record, for the time of the call; `false` if that means nothing to it
 */
export async function readLog(file: StoreFile, take: (record: Buffer) => boolean): Promise<LogFound> {
  const length = await file.length();
  const pieces = new Pieces(file);
  const { format, key, damaged: damagedCopies } = decodeHeader(await pieces.read(0, headerLength));
  if (!key || format !== logFormat) return { format, damaged: 0, torn: false, end: length, key: undefined };
  let damaged = damagedCopies > 0 ? 1 : 0;
  let isWhole = true;
  let position = headerLength;
  while (position + frameLength <= length) {
    const frame = decodeFrame(await pieces.read(position, frameLength), key);
    const start = position + frameLength;
    const end = start + (frame?.length ?? 0);
    if (end > length) break;
    const record = frame && (await pieces.read(start, frame.length));
    const wasWhole = isWhole;
    isWhole = record !== undefined && crc32(record, key.recordSalt) === frame?.sum && take(record);
    if (wasWhole && !isWhole) damaged++;
    // Where the frame is whole its length is, so that nothing inside its record can be taken for a frame.
    position = frame ? end : await pieces.find(mark, position + 1, length);
  }
  return { format, damaged, torn: position < length, end: position, key };
}

function decodeHeader(bytes: Buffer): { format?: number; key?: LogKey; damaged: number } {
  const copies = [bytes.subarray(0, copyLength), bytes.subarray(copyLength)];
  const whole = copies.filter(
    (copy) =>
      copy.length === copyLength &&
      copy.subarray(0, magic.length).equals(magic) &&
      crc32(copy.subarray(0, 17)) === copy.readUInt32BE(17),
  );
  const [first] = whole;
  if (!first) return bytes[0] === mark ? { format: 1, damaged: 0 } : { damaged: 2 };
  const key = { frameSalt: first.readUInt32BE(9), recordSalt: first.readUInt32BE(13) };
  return { format: first.readUInt8(8), key, damaged: copies.length - whole.length };
}

function decodeFrame(bytes: Buffer, key: LogKey): { length: number; sum: number } | undefined {
  if (bytes[0] !== mark || crc32(bytes.subarray(0, 9), key.frameSalt) !== bytes.readUInt32BE(9))
    return undefined;
  return { length: bytes.readUInt32BE(1), sum: bytes.readUInt32BE(5) };
}

/** A file that is read from its beginning to its end, a piece at a time. */
class Pieces {
  readonly #file: StoreFile;
  #piece: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(file: StoreFile) {
    this.#file = file;
  }

  /** So many bytes from there on; fewer at the file's end. */
  async read(position: number, length: number): Promise<Buffer> {
    if (position < this.#start || position + length > this.#start + this.#piece.length) {
      const piece = Buffer.allocUnsafe(Math.max(length, pieceLength));
      this.#piece = piece.subarray(0, await this.#file.read(piece, position));
      this.#start = position;
    }
    return this.#piece.subarray(position - this.#start, position - this.#start + length);
  }

  /** Where a byte comes next; `end` if it does not before. */
  async find(byte: number, position: number, end: number): Promise<number> {
    for (let from = position; from < end; from = this.#start + this.#piece.length) {
      await this.read(from, 1);
      const found = this.#piece.indexOf(byte, from - this.#start);
      if (found >= 0) return this.#start + found;
    }
    return end;
  }
}
