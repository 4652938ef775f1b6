import { concatBytes, decodeUtf8, encodeUtf8, toHex, utf8Length, writeUtf8 } from "../../base/index.ts";
import { checkInit } from "./init.ts";
import type { LinkFault, LinkPublication, LinkAnswer, LinkRequest, MalformedLink } from "./messages.ts";

// Every message begins with a byte from 0x80: no classic string does.
const codes = {
  init: 0x80,
  goAhead: 0x81,
  subscribe: 0x82,
  unsubscribe: 0x83,
  askTime: 0x84,
  command: 0x85,
  taken: 0x86,
  goodbye: 0x87,
  status: 0x90,
  published: 0x91,
  time: 0x92,
  memory: 0x93,
} as const;
/** These hold QoS (bits 0 and 1) and retain (bit 2) in their lowest bits. */
const flagged = { will: 0xb0, publish: 0xc0, message: 0xd0 } as const;

/** Whether bytes are a message of this dialect, and not a classic string. */
export function isNativeLink(bytes: Uint8Array): boolean {
  return (bytes[0] ?? 0) >= 0x80;
}

/** Writes what a host says. */
export function encodeLinkRequest(request: LinkRequest): Uint8Array {
  switch (request.type) {
    case "init":
      return withText(codes.init, JSON.stringify(request.init));
    case "go-ahead":
      return Uint8Array.of(codes.goAhead);
    case "subscribe":
      return concatBytes([Uint8Array.of(codes.subscribe, request.qos), encodeUtf8(request.filter)]);
    case "unsubscribe":
      return withText(codes.unsubscribe, request.filter);
    case "time":
      return Uint8Array.of(codes.askTime);
    case "goodbye":
      return Uint8Array.of(codes.goodbye);
    case "command":
      return withText(codes.command, request.words.join("\u007f"));
    case "taken":
      return withNumber(codes.taken, request.id);
    case "will":
      return withMessage(flagged.will, 0, request);
    default:
      return withMessage(flagged.publish, request.id, request);
  }
}

/** Reads what a host says. Never throws. */
export function decodeLinkRequest(bytes: Uint8Array): LinkRequest | MalformedLink {
  const code = bytes[0] ?? 0;
  const rest = bytes.subarray(1);
  switch (code) {
    case codes.init:
      return decodeInit(rest) ?? malformed("bad-init", bytes);
    case codes.goAhead:
      return { type: "go-ahead" };
    case codes.subscribe: {
      const filter = decodeUtf8(rest, 1);
      const qos = toQos(rest[0]);
      if (!filter || qos === undefined) return malformed("bad-fields", bytes);
      return { type: "subscribe", filter, qos };
    }
    case codes.unsubscribe: {
      const filter = decodeUtf8(rest);
      return filter ? { type: "unsubscribe", filter } : malformed("bad-fields", bytes);
    }
    case codes.askTime:
      return { type: "time" };
    case codes.goodbye:
      return { type: "goodbye" };
    case codes.command: {
      const words = decodeUtf8(rest)?.split("\u007f");
      return words ? { type: "command", words } : malformed("bad-fields", bytes);
    }
    case codes.taken:
      return rest.length === 2 ? { type: "taken", id: readNumber(rest) } : malformed("bad-fields", bytes);
  }
  const message = readMessage(bytes);
  if (!message) return malformed("bad-fields", bytes);
  const { id, topic, payload, qos, retain } = message;
  if ((code & 0xf8) === flagged.will) return { type: "will", topic, payload, qos, retain };
  if ((code & 0xf8) === flagged.publish) return { type: "publish", id, topic, payload, qos, retain };
  return malformed("unknown", bytes);
}

/** Writes what a modem says. */
export function encodeLinkAnswer(reply: LinkAnswer): Uint8Array {
  switch (reply.type) {
    case "status":
      return concatBytes([Uint8Array.of(codes.status, reply.status), encodeUtf8(reply.text)]);
    case "published":
      return Uint8Array.of(codes.published, reply.id >> 8, reply.id, reply.ok ? 1 : 0);
    case "time":
      return withText(codes.time, String(reply.time));
    case "memory":
      return withText(codes.memory, `${reply.free} ${reply.allocated}`);
    default:
      return withMessage(flagged.message, reply.id, { ...reply, retain: reply.retained });
  }
}

/** Reads what a modem says. Never throws. */
export function decodeLinkAnswer(bytes: Uint8Array): LinkAnswer | MalformedLink {
  const code = bytes[0] ?? 0;
  const rest = bytes.subarray(1);
  switch (code) {
    case codes.status: {
      const text = decodeUtf8(rest, 1);
      if (text === undefined || rest.length === 0) return malformed("bad-fields", bytes);
      return { type: "status", status: rest[0] ?? 0, text };
    }
    case codes.published:
      if (rest.length !== 3) return malformed("bad-fields", bytes);
      return { type: "published", id: readNumber(rest), ok: rest[2] === 1 };
    case codes.time: {
      const [time = -1, ...more] = readWholes(rest);
      return time >= 0 && more.length === 0 ? { type: "time", time } : malformed("bad-fields", bytes);
    }
    case codes.memory: {
      const [free = -1, allocated = -1, ...more] = readWholes(rest);
      if (free < 0 || allocated < 0 || more.length > 0) return malformed("bad-fields", bytes);
      return { type: "memory", free, allocated };
    }
  }
  if ((code & 0xf8) !== flagged.message) return malformed("unknown", bytes);
  const message = readMessage(bytes);
  if (!message) return malformed("bad-fields", bytes);
  const { id, topic, payload, qos, retain } = message;
  return { type: "message", id, topic, payload, qos, retained: retain };
}

function decodeInit(rest: Uint8Array): LinkRequest | undefined {
  const text = decodeUtf8(rest);
  if (text === undefined) return undefined;
  try {
    const init = checkInit(JSON.parse(text) as unknown);
    return init && { type: "init", init };
  } catch {
    return undefined;
  }
}

function withText(code: number, text: string): Uint8Array {
  return concatBytes([Uint8Array.of(code), encodeUtf8(text)]);
}

function withNumber(code: number, value: number): Uint8Array {
  return Uint8Array.of(code, value >> 8, value & 255);
}

function readNumber(bytes: Uint8Array, at = 0): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Code and flags · id (2) · length of the topic (2) · topic · payload. */
function withMessage(code: number, id: number, message: LinkPublication): Uint8Array {
  const length = utf8Length(message.topic);
  const bytes = new Uint8Array(5 + length + message.payload.length);
  bytes[0] = code | message.qos | (message.retain ? 4 : 0);
  bytes[1] = id >> 8;
  bytes[2] = id;
  bytes[3] = length >> 8;
  bytes[4] = length;
  writeUtf8(message.topic, bytes, 5);
  bytes.set(message.payload, 5 + length);
  return bytes;
}

function readMessage(bytes: Uint8Array): (LinkPublication & { id: number }) | undefined {
  const payloadAt = 5 + readNumber(bytes, 3);
  if (bytes.length < payloadAt) return undefined;
  const qos = toQos((bytes[0] ?? 0) & 3);
  const topic = decodeUtf8(bytes, 5, payloadAt);
  if (qos === undefined || topic === undefined) return undefined;
  return {
    id: readNumber(bytes, 1),
    topic,
    payload: bytes.subarray(payloadAt),
    qos,
    retain: ((bytes[0] ?? 0) & 4) !== 0,
  };
}

function readWholes(bytes: Uint8Array): number[] {
  const text = decodeUtf8(bytes) ?? "";
  return /^\d{1,15}( \d{1,15})*$/.test(text) ? text.split(" ").map(Number) : [];
}

function toQos(value: number | undefined): 0 | 1 | 2 | undefined {
  return value === 0 || value === 1 || value === 2 ? value : undefined;
}

function malformed(fault: LinkFault, bytes: Uint8Array): MalformedLink {
  return { type: "malformed", fault, received: toHex(bytes.subarray(0, 30)) };
}
