import { utf8Length, writeUtf8 } from "../base/index.ts";
import { type ConnectPacket, type OutgoingPacket, packetCodes } from "./packets.ts";

type OutgoingPublish = Extract<OutgoingPacket, { readonly type: "publish" }>;

/** The first size of the buffer, in bytes: little, since an idle client on a small engine holds it. */
const smallest = 512;
/** A buffer that had to grow beyond this is not the measure for the next one. */
const largestKept = 16_384;

/**
 * Writes packets one behind the other into one buffer, so that all packets of a turn leave in one piece.
 * The pair of {@link PacketReader}.
 */
export class PacketWriter {
  #bytes = new Uint8Array(0);
  /** Where what has not been taken yet begins. */
  #start = 0;
  #end = 0;
  #nextSize = smallest;

  /** How many bytes wait to be taken. */
  get pending(): number {
    return this.#end - this.#start;
  }

  /** Appends a packet. The caller has seen to it that it is valid: topics, ids and lengths are not checked here. */
  write(packet: OutgoingPacket): void {
    switch (packet.type) {
      case "publish":
        return this.#publish(packet);
      case "puback":
      case "pubrec":
      case "pubcomp":
      case "unsuback":
        return this.#withId(packetCodes[packet.type] << 4, 2, packet.packetId);
      case "pubrel":
        return this.#withId((packetCodes.pubrel << 4) | 2, 2, packet.packetId);
      case "pingreq":
      case "pingresp":
      case "disconnect":
        return this.#header(packetCodes[packet.type] << 4, 0);
      case "connect":
        return this.#connect(packet);
      case "connack":
        this.#header(packetCodes.connack << 4, 2);
        this.#byte(packet.sessionPresent ? 1 : 0);
        return this.#byte(packet.returnCode);
      case "subscribe": {
        let length = 2;
        for (const { filter } of packet.subscriptions) length += 3 + utf8Length(filter);
        this.#withId((packetCodes.subscribe << 4) | 2, length, packet.packetId);
        for (const { filter, qos } of packet.subscriptions) {
          this.#text(filter);
          this.#byte(qos);
        }
        return;
      }
      case "suback":
        this.#withId(packetCodes.suback << 4, 2 + packet.returnCodes.length, packet.packetId);
        for (const code of packet.returnCodes) this.#byte(code);
        return;
      case "unsubscribe": {
        let length = 2;
        for (const filter of packet.filters) length += 2 + utf8Length(filter);
        this.#withId((packetCodes.unsubscribe << 4) | 2, length, packet.packetId);
        for (const filter of packet.filters) this.#text(filter);
      }
    }
  }

  /** Everything written since the last time, in one array that is the caller's from then on. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return taken;
  }

  /** Drops what waits. */
  clear(): void {
    this.#start = this.#end;
  }

  #publish(packet: OutgoingPublish): void {
    const { topic, payload, qos } = packet;
    const topicLength = utf8Length(topic);
    const payloadLength = typeof payload === "string" ? utf8Length(payload) : payload.length;
    this.#header(
      (packetCodes.publish << 4) | (packet.duplicate ? 8 : 0) | (qos << 1) | (packet.retain ? 1 : 0),
      2 + topicLength + (qos > 0 ? 2 : 0) + payloadLength,
    );
    this.#uint16(topicLength);
    this.#end = writeUtf8(topic, this.#bytes, this.#end);
    if (qos > 0) this.#uint16(packet.packetId);
    if (typeof payload === "string") this.#end = writeUtf8(payload, this.#bytes, this.#end);
    else {
      this.#bytes.set(payload, this.#end);
      this.#end += payloadLength;
    }
  }

  #connect(packet: ConnectPacket): void {
    const { clientId, username, password, will } = packet;
    let length = 10 + 2 + utf8Length(clientId);
    let flags = packet.clean ? 2 : 0;
    if (will) {
      length += 2 + utf8Length(will.topic) + 2 + will.payload.length;
      flags |= 4 | (will.qos << 3) | (will.retain ? 32 : 0);
    }
    if (username !== undefined) {
      length += 2 + utf8Length(username);
      flags |= 128;
    }
    if (password) {
      length += 2 + password.length;
      flags |= 64;
    }
    this.#header(packetCodes.connect << 4, length);
    this.#text("MQTT");
    this.#byte(4);
    this.#byte(flags);
    this.#uint16(packet.keepaliveSeconds);
    this.#text(clientId);
    if (will) {
      this.#text(will.topic);
      this.#data(will.payload);
    }
    if (username !== undefined) this.#text(username);
    if (password) this.#data(password);
  }

  /** The first byte and the remaining length (MQTT 3.1.1, 2.2.3); makes room for all of the packet. */
  #header(first: number, remaining: number): void {
    if (this.#end + 5 + remaining > this.#bytes.length) this.#makeRoom(5 + remaining);
    this.#byte(first);
    let rest = remaining;
    while (rest > 127) {
      this.#byte((rest & 127) | 128);
      rest >>>= 7;
    }
    this.#byte(rest);
  }

  #withId(first: number, remaining: number, packetId: number): void {
    this.#header(first, remaining);
    this.#uint16(packetId);
  }

  #byte(value: number): void {
    this.#bytes[this.#end++] = value;
  }

  #uint16(value: number): void {
    this.#bytes[this.#end++] = value >> 8;
    this.#bytes[this.#end++] = value;
  }

  #text(text: string): void {
    const length = this.#end;
    this.#end = writeUtf8(text, this.#bytes, length + 2);
    this.#bytes[length] = (this.#end - length - 2) >> 8;
    this.#bytes[length + 1] = this.#end - length - 2;
  }

  #data(bytes: Uint8Array): void {
    this.#uint16(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Moves what waits into a new buffer: what was taken from the old one is not ours any more. */
  #makeRoom(length: number): void {
    const waiting = this.#bytes.subarray(this.#start, this.#end);
    const needed = waiting.length + length;
    // Doubling keeps the copying of a growing batch proportional to its length.
    const size = Math.max(this.#nextSize, waiting.length > 0 ? needed * 2 : needed);
    if (waiting.length > 0) this.#nextSize = Math.min(size, largestKept);
    this.#bytes = new Uint8Array(size);
    this.#bytes.set(waiting);
    this.#start = 0;
    this.#end = waiting.length;
  }
}

/** One packet as bytes. */
export function encodePacket(packet: OutgoingPacket): Uint8Array {
  const writer = new PacketWriter();
  writer.write(packet);
  return writer.take();
}
