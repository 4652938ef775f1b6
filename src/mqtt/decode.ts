import { decodeUtf8 } from "../base/index.ts";
import { faultOfTopicName } from "../topics/index.ts";
import type { ConnectPacket, Packet, QoS, SubscriptionRequest } from "./packets.ts";
import { packetCodes, subscriptionRefused } from "./packets.ts";

/** Why bytes are no packet of MQTT 3.1.1. */
export type MalformedReason =
  | "bad-flags"
  | "bad-length"
  | "bad-packet-id"
  | "bad-protocol"
  | "bad-qos"
  | "bad-return-code"
  | "bad-text"
  | "bad-topic"
  | "bad-type"
  | "too-long";

/** What a reader gives instead of a packet. Nothing behind it can be read: the connection has to be closed. */
export interface MalformedPacket {
  readonly type: "malformed";
  readonly reason: MalformedReason;
}

/** A malformed packet of this reason. */
export function malformed(reason: MalformedReason): MalformedPacket {
  return { type: "malformed", reason };
}

/** Turns the bytes of a topic into text. */
export type ReadTopic = (bytes: Uint8Array, start: number, end: number) => string | undefined;

/** The text of a topic name's bytes; `undefined` if they are none (MQTT 3.1.1, 1.5.3 and 4.7). */
export const readTopicName: ReadTopic = (bytes, start, end) => {
  const topic = decodeUtf8(bytes, start, end);
  return topic === undefined || faultOfTopicName(topic) ? undefined : topic;
};

/**
 * Reads one whole packet. Never throws.
 *
 * @param first the packet's first byte: type and flags
 * @param bytes holds what follows the remaining length, from `start` to before `end`
 */
export function decodePacket(
  first: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  readTopic: ReadTopic = readTopicName,
): Packet | MalformedPacket {
  const code = first >> 4;
  if (code === packetCodes.publish) return decodePublish(first, bytes, start, end, readTopic);
  if ((first & 15) !== flagsOf(code)) return malformed("bad-flags");
  const body = new Body(bytes, start, end);
  const packet = decodeBody(code, body);
  if (body.fault) return malformed(body.fault);
  return body.left === 0 ? packet : malformed("bad-length");
}

/** The lower half of the first byte, fixed for all but PUBLISH (MQTT 3.1.1, 2.2.2). */
function flagsOf(code: number): number {
  const { pubrel, subscribe, unsubscribe } = packetCodes;
  return code === pubrel || code === subscribe || code === unsubscribe ? 2 : 0;
}

function decodePublish(
  first: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  readTopic: ReadTopic,
): Packet | MalformedPacket {
  const qos = (first >> 1) & 3;
  if (qos === 3) return malformed("bad-qos");
  const topicStart = start + 2;
  if (topicStart > end) return malformed("bad-length");
  const topicEnd = topicStart + uint16At(bytes, start);
  const payloadStart = qos === 0 ? topicEnd : topicEnd + 2;
  if (payloadStart > end) return malformed("bad-length");
  const packetId = qos === 0 ? 0 : uint16At(bytes, topicEnd);
  if (qos > 0 && packetId === 0) return malformed("bad-packet-id");
  const topic = readTopic(bytes, topicStart, topicEnd);
  if (topic === undefined) return malformed("bad-topic");
  return {
    type: "publish",
    topic,
    payload: bytes.subarray(payloadStart, end),
    qos: qos as QoS,
    retain: (first & 1) !== 0,
    duplicate: (first & 8) !== 0,
    packetId,
  };
}

function decodeBody(code: number, body: Body): Packet | MalformedPacket {
  switch (code) {
    case packetCodes.connect:
      return decodeConnect(body);
    case packetCodes.connack: {
      const flags = body.byte();
      if (flags > 1) body.fail("bad-flags");
      return { type: "connack", sessionPresent: flags === 1, returnCode: body.byte() };
    }
    case packetCodes.puback:
      return { type: "puback", packetId: body.packetId() };
    case packetCodes.pubrec:
      return { type: "pubrec", packetId: body.packetId() };
    case packetCodes.pubrel:
      return { type: "pubrel", packetId: body.packetId() };
    case packetCodes.pubcomp:
      return { type: "pubcomp", packetId: body.packetId() };
    case packetCodes.unsuback:
      return { type: "unsuback", packetId: body.packetId() };
    case packetCodes.subscribe: {
      const packetId = body.packetId();
      const subscriptions: SubscriptionRequest[] = [];
      do subscriptions.push({ filter: body.text(), qos: body.qos(body.byte()) });
      while (body.left > 0);
      return { type: "subscribe", packetId, subscriptions };
    }
    case packetCodes.suback: {
      const packetId = body.packetId();
      const returnCodes: number[] = [];
      do returnCodes.push(body.subscriptionCode());
      while (body.left > 0);
      return { type: "suback", packetId, returnCodes };
    }
    case packetCodes.unsubscribe: {
      const packetId = body.packetId();
      const filters: string[] = [];
      do filters.push(body.text());
      while (body.left > 0);
      return { type: "unsubscribe", packetId, filters };
    }
    case packetCodes.pingreq:
      return { type: "pingreq" };
    case packetCodes.pingresp:
      return { type: "pingresp" };
    case packetCodes.disconnect:
      return { type: "disconnect" };
    default:
      return malformed("bad-type");
  }
}

function decodeConnect(body: Body): ConnectPacket {
  if (body.text() !== "MQTT" || body.byte() !== 4) body.fail("bad-protocol");
  const flags = body.byte();
  const hasWill = (flags & 4) !== 0;
  const hasUsername = (flags & 128) !== 0;
  const hasPassword = (flags & 64) !== 0;
  // Reserved bit, will flags without a will, a password without a name (MQTT 3.1.1, 3.1.2).
  if (flags & 1 || (!hasWill && flags & 0x38) || (hasPassword && !hasUsername)) body.fail("bad-flags");
  const keepaliveSeconds = body.uint16();
  const clientId = body.text();
  const will = hasWill
    ? {
        topic: body.text(),
        payload: body.data(),
        qos: body.qos((flags >> 3) & 3),
        retain: (flags & 32) !== 0,
      }
    : undefined;
  const username = hasUsername ? body.text() : undefined;
  const password = hasPassword ? body.data() : undefined;
  return {
    type: "connect",
    clientId,
    clean: (flags & 2) !== 0,
    keepaliveSeconds,
    ...(username === undefined ? {} : { username }),
    ...(password ? { password } : {}),
    ...(will ? { will } : {}),
  };
}

/** Reads one value after the other. The first fault is kept; behind it every value is an empty one. */
class Body {
  fault: MalformedReason | undefined;
  readonly #bytes: Uint8Array;
  #offset: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#offset;
  }

  fail(reason: MalformedReason): void {
    this.fault ??= reason;
    this.#offset = this.#end;
  }

  byte(): number {
    const start = this.#take(1);
    return this.fault ? 0 : (this.#bytes[start] ?? 0);
  }

  uint16(): number {
    const start = this.#take(2);
    return this.fault ? 0 : uint16At(this.#bytes, start);
  }

  packetId(): number {
    const packetId = this.uint16();
    if (packetId === 0) this.fail("bad-packet-id");
    return packetId;
  }

  data(): Uint8Array {
    const start = this.#take(this.uint16());
    return this.#bytes.subarray(start, this.#offset);
  }

  text(): string {
    const start = this.#take(this.uint16());
    const text = decodeUtf8(this.#bytes, start, this.#offset);
    if (text === undefined || text.includes("\0")) this.fail("bad-text");
    return text ?? "";
  }

  qos(value: number): QoS {
    if (value > 2) this.fail("bad-qos");
    return value as QoS;
  }

  subscriptionCode(): number {
    const code = this.byte();
    if (code > 2 && code !== subscriptionRefused) this.fail("bad-return-code");
    return code;
  }

  /** Moves on by `length` bytes; returns where they begin. */
  #take(length: number): number {
    if (length > this.left) this.fail("bad-length");
    const start = this.#offset;
    if (!this.fault) this.#offset += length;
    return start;
  }
}

function uint16At(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}
