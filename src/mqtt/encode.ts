import { utf8Length, writeUtf8 } from "../base/index.ts";
import { BodyWriter } from "./body-writer.ts";
import { writeBody } from "./encode-body.ts";
import { type MqttVersion, type OutgoingPacket, packetCodes, type PublishPacket } from "./packets.ts";
import { writeProperties } from "./properties.ts";

type OutgoingPublish = Extract<OutgoingPacket, { readonly type: "publish" }>;

/** The least size of a buffer, in bytes. */
const smallest = 64;
/** A buffer that had to grow beyond this is not the measure for the next one. */
const largestKept = 16_384;
/** Shorter topics are not worth an alias, in UTF-16 units. */
const shortestAliased = 4;

/**
 * Writes packets one behind the other into one buffer, so that all packets of a turn leave in one piece.
 * The pair of {@link PacketReader}.
 */
export class PacketWriter {
  /** How many topic aliases the other side takes (MQTT 5, 3.2.2.3.8). The first topics written get them. */
  aliasLimit = 0;
  #version: MqttVersion;
  #aliases: Map<string, number> | undefined;
  /** What has not been taken yet. Whoever takes it takes all of it: an idle client holds no buffer. */
  #bytes = noBytes;
  #end = 0;
  #nextSize = smallest;

  /** @param version until a CONNECT is written, which says it itself; default 4 */
  constructor(version: MqttVersion = 4) {
    this.#version = version;
  }

  /** How many bytes wait to be taken. */
  get pending(): number {
    return this.#end;
  }

  /** Appends a packet. The caller has seen to it that it is valid: topics, ids and lengths are not checked here. */
  write(packet: OutgoingPacket): void {
    const { type } = packet;
    if (type === "publish") return this.#publish(packet);
    const first =
      (packetCodes[type] << 4) |
      (type === "pubrel" || type === "subscribe" || type === "unsubscribe" ? 2 : 0);
    if (type === "puback" || type === "pubrec" || type === "pubrel" || type === "pubcomp") {
      if (!packet.reasonCode && !packet.properties) {
        this.#header(first, 2);
        return this.#uint16(packet.packetId);
      }
    }
    if (type === "connect") this.#version = packet.version ?? 4;
    const body = new BodyWriter();
    writeBody(packet, this.#version, body);
    this.#header(first, body.bytes.length);
    this.#raw(body.bytes);
  }

  /** Everything written since the last time, in one array that is the caller's from then on. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#end);
    this.#nextSize = Math.min(Math.max(smallest, this.#end), largestKept);
    this.#bytes = noBytes;
    this.#end = 0;
    return taken;
  }

  #publish({ topic, payload, qos, retain, duplicate, packetId, properties }: OutgoingPublish): void {
    let name = topic;
    let encoded: readonly number[] | undefined;
    if (this.#version === 5) {
      const alias = this.#aliasOf(topic);
      if (alias < 0) name = "";
      encoded = encodeProperties(properties, Math.abs(alias));
    }
    const nameLength = utf8Length(name);
    const payloadLength = typeof payload === "string" ? utf8Length(payload) : payload.length;
    this.#header(
      (packetCodes.publish << 4) | (duplicate ? 8 : 0) | (qos << 1) | (retain ? 1 : 0),
      2 + nameLength + (qos > 0 ? 2 : 0) + (encoded ? encoded.length : 0) + payloadLength,
    );
    this.#uint16(nameLength);
    this.#end = writeUtf8(name, this.#bytes, this.#end);
    if (qos > 0) this.#uint16(packetId);
    if (encoded) this.#raw(encoded);
    if (typeof payload === "string") this.#end = writeUtf8(payload, this.#bytes, this.#end);
    else this.#raw(payload);
  }

  /** The alias of a topic (MQTT 5, 3.3.2.3.4): negative if the other side knows it already, 0 for none. */
  #aliasOf(topic: string): number {
    if (this.aliasLimit === 0 || topic.length < shortestAliased) return 0;
    const aliases = (this.#aliases ??= new Map());
    const known = aliases.get(topic);
    if (known) return -known;
    if (aliases.size >= this.aliasLimit) return 0;
    aliases.set(topic, aliases.size + 1);
    return aliases.size;
  }

  /** The first byte and the remaining length (MQTT 5, 2.1.4); makes room for all of the packet. */
  #header(first: number, remaining: number): void {
    const needed = this.#end + 5 + remaining;
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#byte(first);
    let rest = remaining;
    while (rest > 127) {
      this.#byte((rest & 127) | 128);
      rest >>>= 7;
    }
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#bytes[this.#end++] = value;
  }

  #uint16(value: number): void {
    this.#bytes[this.#end++] = value >> 8;
    this.#bytes[this.#end++] = value;
  }

  #raw(bytes: ArrayLike<number>): void {
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Doubling keeps the copying of a growing batch proportional to its length. */
  #grow(needed: number): void {
    const bytes = new Uint8Array(Math.max(this.#nextSize, this.#end > 0 ? needed * 2 : needed));
    bytes.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = bytes;
  }
}

const noBytes = new Uint8Array(0);

/** One packet as bytes. @param version for all but CONNECT, which says it itself; default 4 */
export function encodePacket(packet: OutgoingPacket, version?: MqttVersion): Uint8Array {
  const writer = new PacketWriter(version);
  writer.write(packet);
  return writer.take();
}

const noProperties = [0];

function encodeProperties(properties: PublishPacket["properties"], topicAlias: number): readonly number[] {
  if (!properties && topicAlias === 0) return noProperties;
  const body = new BodyWriter();
  writeProperties(body, topicAlias === 0 ? properties : { ...properties, topicAlias });
  return body.bytes;
}
