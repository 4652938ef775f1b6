import { concatBytes } from "../base/index.ts";
import { BodyReader } from "./body-reader.ts";
import {
  decodeOther,
  decodePublish,
  type DecodeRequest,
  malformed,
  type MalformedPacket,
  readTopicName,
  type TopicReader,
} from "./decode.ts";
import { type MqttVersion, type Packet, packetCodes, type PublishPacket } from "./packets.ts";

/** Limits of a {@link PacketReader}. */
export interface PacketReaderOptions {
  /** The longest packet taken, in bytes, header included. Default 1 MiB. */
  readonly maximumPacketBytes?: number;
  /** Until a CONNECT is read, which says it itself. Default 4. */
  readonly version?: MqttVersion;
  /** How many topic aliases the other side may use (MQTT 5, 3.3.2.3.4). Default 0. */
  readonly topicAliasMaximum?: number;
  /** Reads what only clients send, on a broker's side: `decodeRequest`. Default: that is malformed. */
  readonly decodeRequest?: DecodeRequest;
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
  /** How much of a packet that is too long is still to be passed over. */
  #passOver = 0;
  /** The packet before which reading ended. */
  #fault: MalformedPacket | undefined;
  #topics: TopicCache | undefined;
  #version: MqttVersion;
  #aliases: Map<number, string> | undefined;
  readonly #aliasLimit: number;
  readonly #decodeRequest: DecodeRequest | undefined;

  constructor(options: PacketReaderOptions = {}) {
    this.#maximumPacketBytes = options.maximumPacketBytes ?? 1_048_576;
    this.#version = options.version ?? 4;
    this.#aliasLimit = options.topicAliasMaximum ?? 0;
    this.#decodeRequest = options.decodeRequest;
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
    if (this.#passOver > 0) {
      const passed = Math.min(this.#passOver, chunk.length - this.#offset);
      this.#passOver -= passed;
      this.#offset += passed;
    }
    const start = this.#offset;
    if (start === chunk.length) {
      this.#chunk = nothing;
      this.#offset = 0;
      return undefined;
    }
    // The remaining length: up to four bytes of seven bits, the lowest first (MQTT 5, 2.1.4).
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
    const whole = bodyStart + remaining;
    let end = whole;
    if (end - start > this.#maximumPacketBytes) {
      if (!this.#mayLeaveOut(chunk[start] as number)) return malformed("too-long");
      end = Math.min(end, bodyStart + longestName);
    }
    if (end <= chunk.length) {
      this.#offset = end;
      this.#passOver = whole - end;
      return this.#decode(chunk[start] as number, chunk, bodyStart, end, whole - start);
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
    let remaining = 0;
    for (let shift = 0; shift === 0 || (partial[bodyStart - 1] ?? 0) >= 128; shift += 7) {
      remaining |= ((partial[bodyStart++] ?? 0) & 127) << shift;
    }
    this.#passOver = bodyStart + remaining - partial.length;
    return this.#decode(partial[0] as number, partial, bodyStart, partial.length, bodyStart + remaining);
  }

  /**
   * Whether a packet that is too long may be passed over: a message to a client of MQTT 3.1.1, where nobody could tell the
   * broker the limit. To close on it would be for ever: the broker sends it again.
   */
  #mayLeaveOut(first: number): boolean {
    return first >> 4 === packetCodes.publish && this.#version === 4 && !this.#decodeRequest;
  }

  /** @param length the packet's own, which may be more than there is of it */
  #decode(
    first: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    length: number,
  ): Packet | MalformedPacket {
    if (length > this.#maximumPacketBytes) {
      const packet = decodePublish(first, bytes, start, end, this.#version, { read: readTopicName });
      return packet.type === "publish" ? { ...packet, payload: nothing, leftOut: length } : packet;
    }
    if (first >> 4 === packetCodes.publish) {
      const packet = decodePublish(
        first,
        bytes,
        start,
        end,
        this.#version,
        (this.#topics ??= new TopicCache()),
      );
      return packet.type === "publish" && packet.properties?.topicAlias ? this.#resolve(packet) : packet;
    }
    // What comes behind each message at QoS 1 is read without further ado.
    if (first === puback && end - start === 2) {
      const packetId = ((bytes[start] as number) << 8) | (bytes[start + 1] as number);
      if (packetId > 0) return { type: "puback", packetId };
    }
    const body = new BodyReader(bytes, start, end);
    const packet = decodeOther(first, body, this.#version, this.#decodeRequest);
    if (packet.type === "connect") this.#version = packet.version ?? 4;
    return packet;
  }

  /** Puts the topic in for its alias, or remembers it under that. */
  #resolve(packet: PublishPacket): Packet | MalformedPacket {
    const alias = packet.properties?.topicAlias as number;
    const topic = packet.topic || this.#aliases?.get(alias);
    if (!topic || alias > this.#aliasLimit) return malformed("bad-alias");
    (this.#aliases ??= new Map()).set(alias, topic);
    return { ...packet, topic };
  }
}

const nothing = new Uint8Array(0);
/** The first byte of a PUBACK. */
const puback = packetCodes.puback << 4;

/** The longest topic with its length and a packet id behind it, in bytes. */
const longestName = 2 + 65_535 + 2;

/** How many topics are remembered. A power of two. */
const cachedTopics = 64;
/** Longer topics are not worth remembering. */
const longestCached = 128;

/** Knows the texts of topics seen lately, since the same few come again and again. */
class TopicCache implements TopicReader {
  readonly #slots: ({ bytes: Uint8Array; text: string } | undefined)[] = [];

  read(bytes: Uint8Array, start: number, end: number): string | undefined {
    if (end - start > longestCached) return readTopicName(bytes, start, end);
    let hash = end - start;
    for (let index = start; index < end; index++) hash = (Math.imul(hash, 31) + (bytes[index] ?? 0)) | 0;
    const slot = (hash ^ (hash >>> 15)) & (cachedTopics - 1);
    const known = this.#slots[slot];
    if (known && isAt(known.bytes, bytes, start, end)) return known.text;
    const text = readTopicName(bytes, start, end);
    if (text !== undefined) this.#slots[slot] = { bytes: bytes.slice(start, end), text };
    return text;
  }
}

function isAt(wanted: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (wanted.length !== end - start) return false;
  for (let index = 0; index < wanted.length; index++) {
    if (wanted[index] !== bytes[start + index]) return false;
  }
  return true;
}
