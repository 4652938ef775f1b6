import { concatBytes } from "../base/index.ts";
import { decodePacket, malformed, type MalformedPacket, readTopicName } from "./decode.ts";
import type { Packet } from "./packets.ts";

/** Limits of a {@link PacketReader}. */
export interface PacketReaderOptions {
  /** The longest packet taken, in bytes, header included. Default 1 MiB. */
  readonly maximumPacketBytes?: number;
}

/**
 * Cuts a stream of bytes, however it was chunked, into packets. Never throws and holds one packet at the most: what
 * was pushed has to be read before the next push. The pair of {@link PacketWriter}.
 *
 * @example
 * reader.push(bytes);
 * for (let packet = reader.next(); packet; packet = reader.next()) receive(packet);
 */
export class PacketReader {
  readonly #maximumPacketBytes: number;
  #chunk: Uint8Array = nothing;
  #offset = 0;
  /** A packet of which only the beginning has come, in an array of its whole length. */
  #partial: Uint8Array | undefined;
  #filled = 0;
  /** The packet before which reading ended. */
  #fault: MalformedPacket | undefined;
  readonly #topics = new TopicCache();

  constructor(options: PacketReaderOptions = {}) {
    this.#maximumPacketBytes = options.maximumPacketBytes ?? 1_048_576;
  }

  /** Gives it bytes, which are the reader's from then on: payloads are views of them. */
  push(bytes: Uint8Array): void {
    const left = this.#chunk.subarray(this.#offset);
    this.#chunk = left.length === 0 ? bytes : concatBytes([left, bytes]);
    this.#offset = 0;
  }

  /** The next packet; `undefined` when more bytes are needed; behind a malformed packet, that one for ever. */
  next(): Packet | MalformedPacket | undefined {
    if (this.#fault) return this.#fault;
    const packet = this.#partial ? this.#completePartial(this.#partial) : this.#readChunk();
    if (packet?.type === "malformed") this.#fault = packet;
    return packet;
  }

  #readChunk(): Packet | MalformedPacket | undefined {
    const chunk = this.#chunk;
    const start = this.#offset;
    if (start === chunk.length) {
      this.#chunk = nothing;
      this.#offset = 0;
      return undefined;
    }
    // The remaining length: up to four bytes of seven bits, the lowest first (MQTT 3.1.1, 2.2.3).
    let remaining = 0;
    let bodyStart = start + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = chunk[bodyStart++];
      // At most four bytes stay behind: cheap to join with the next chunk.
      if (byte === undefined) return undefined;
      remaining |= (byte & 127) << shift;
      if (byte < 128) break;
      if (shift === 21) return malformed("bad-length");
    }
    const end = bodyStart + remaining;
    if (end - start > this.#maximumPacketBytes) return malformed("too-long");
    if (end <= chunk.length) {
      this.#offset = end;
      return decodePacket(chunk[start] ?? 0, chunk, bodyStart, end, this.#topics.read);
    }
    this.#partial = new Uint8Array(end - start);
    this.#partial.set(chunk.subarray(start));
    this.#filled = chunk.length - start;
    this.#chunk = nothing;
    this.#offset = 0;
    return undefined;
  }

  #completePartial(partial: Uint8Array): Packet | MalformedPacket | undefined {
    const part = this.#chunk.subarray(this.#offset, this.#offset + partial.length - this.#filled);
    partial.set(part, this.#filled);
    this.#filled += part.length;
    this.#offset += part.length;
    if (this.#filled < partial.length) return undefined;
    this.#partial = undefined;
    let bodyStart = 1;
    while ((partial[bodyStart++] ?? 0) >= 128);
    return decodePacket(partial[0] ?? 0, partial, bodyStart, partial.length, this.#topics.read);
  }
}

const nothing = new Uint8Array(0);

/** How many topics are remembered. A power of two. */
const cachedTopics = 64;
/** Longer topics are not worth remembering. */
const longestCached = 128;

/** Knows the texts of topics seen lately, since the same few come again and again. */
class TopicCache {
  readonly #slots: ({ bytes: Uint8Array; text: string } | undefined)[] = [];

  readonly read = (bytes: Uint8Array, start: number, end: number): string | undefined => {
    if (end - start > longestCached) return readTopicName(bytes, start, end);
    let hash = end - start;
    for (let index = start; index < end; index++) hash = (Math.imul(hash, 31) + (bytes[index] ?? 0)) | 0;
    const slot = (hash ^ (hash >>> 15)) & (cachedTopics - 1);
    const known = this.#slots[slot];
    if (known && isAt(known.bytes, bytes, start, end)) return known.text;
    const text = readTopicName(bytes, start, end);
    if (text !== undefined) this.#slots[slot] = { bytes: bytes.slice(start, end), text };
    return text;
  };
}

function isAt(wanted: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (wanted.length !== end - start) return false;
  for (let index = 0; index < wanted.length; index++) {
    if (wanted[index] !== bytes[start + index]) return false;
  }
  return true;
}
