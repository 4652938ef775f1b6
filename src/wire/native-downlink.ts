import { FieldReader, FieldWriter } from "./native-bytes.ts";
import { type NativeTopic, readTopic, writeTopic } from "./native-topic.ts";
import { type PartsThere, readPartsThere } from "./native-uplink.ts";

/** A message for a node. */
export interface NativeDelivery {
  readonly topic: NativeTopic;
  readonly payload: Uint8Array;
  readonly retained: boolean;
  /** How long it waited at the gateway; `undefined`: not worth telling. */
  readonly ageSeconds: number | undefined;
}

/** Why the gateway will never take an item. */
export type ItemRefusal = "bad-topic" | "not-allowed" | "too-long" | "malformed";
/** Why the gateway does not take an item now. */
export type ItemDelay = "full" | "broker-out";

/** What one downlink brings, besides the reply's head. */
export type DownlinkItem =
  | ({ readonly type: "message"; readonly number: number } & NativeDelivery)
  /** A part of a longer message; `index` counts from 0. */
  | {
      readonly type: "part";
      readonly number: number;
      readonly index: number;
      readonly count: number;
      /** How long the message waited: not among the bytes, which stay the same however often they are sent. */
      readonly ageSeconds: number | undefined;
      readonly bytes: Uint8Array;
    }
  /** Which parts of a longer item of the node came. */
  | ({ readonly type: "have" } & PartsThere)
  /** The item of this number is settled, and was not stored. */
  | { readonly type: "refused"; readonly number: number; readonly reason: ItemRefusal }
  /** The items from the next number on were not taken. */
  | { readonly type: "later"; readonly reason: ItemDelay }
  /** The gateway goes to another channel. */
  | { readonly type: "move"; readonly channel: number; readonly inSeconds: number };

/** The answer to an uplink. */
export interface ReplyHead {
  /** The time of day, milliseconds since 1970, to 1/256 s. */
  readonly time: number;
  /** How many messages wait besides those of this burst. */
  readonly waiting: number;
  /** All items before this number are settled. */
  readonly nextNumber: number;
}

/** What one downlink says. */
export interface DownlinkBody {
  readonly reply: ReplyHead | undefined;
  /** Whether nothing more comes until the node has said what came. */
  readonly last: boolean;
  /** Whether the broker is out. */
  readonly brokerOut: boolean;
  readonly items: readonly DownlinkItem[];
}

const flags = { reply: 1, last: 2, brokerOut: 4 } as const;
const kinds = { message: 1, part: 4, have: 10, refused: 12, later: 13, move: 14 } as const;
const marks = { retained: 1, aged: 2, follows: 4 } as const;
const refusals = [undefined, "bad-topic", "not-allowed", "too-long", "malformed"] as const;
const delays = [undefined, "full", "broker-out"] as const;

/** A downlink's body. */
export function encodeDownlinkBody(body: DownlinkBody): Uint8Array {
  const writer = new FieldWriter().u8(
    (body.reply ? flags.reply : 0) | (body.last ? flags.last : 0) | (body.brokerOut ? flags.brokerOut : 0),
  );
  if (body.reply) {
    const { time, waiting, nextNumber } = body.reply;
    const seconds = Math.floor(time / 1000);
    writer.u32(seconds).u8(Math.floor(((time - seconds * 1000) * 256) / 1000));
    writer.varint(waiting).u16(nextNumber);
  }
  let before: number | undefined;
  for (const item of body.items) {
    writeItem(writer, item, before);
    if (item.type === "message") before = item.number;
  }
  return writer.finish();
}

/** A message as its parts are joined to: without its number and its age, which they have. */
export function encodeJoinedDelivery(delivery: Omit<NativeDelivery, "ageSeconds">): Uint8Array {
  const writer = new FieldWriter();
  writeDelivery(writer, { ...delivery, ageSeconds: undefined }, marks.follows);
  return writer.finish();
}

/** Reads a message that was joined of parts; `undefined` if it is none. */
export function decodeJoinedDelivery(bytes: Uint8Array): NativeDelivery | undefined {
  const reader = new FieldReader(bytes);
  const byte = reader.u8();
  if (byte >> 4 !== kinds.message || (byte & 15) > 7 || (byte & marks.follows) === 0) return undefined;
  const delivery = readDelivery(reader, byte);
  return reader.failed || reader.left > 0 ? undefined : delivery;
}

/** Reads a downlink's body; `undefined` if any of it is none of this version. Never throws. Payloads are views of it. */
export function decodeDownlinkBody(bytes: Uint8Array): DownlinkBody | undefined {
  const reader = new FieldReader(bytes);
  const flagBits = reader.u8();
  if (flagBits > 7) return undefined;
  const reply = (flagBits & flags.reply) === 0 ? undefined : readHead(reader);
  const items: DownlinkItem[] = [];
  let before: number | undefined;
  while (!reader.failed && reader.left > 0) {
    const item = readItem(reader, before);
    if (!item) return undefined;
    if (item.type === "message") before = item.number;
    items.push(item);
  }
  if (reader.failed) return undefined;
  const has = (flag: number) => (flagBits & flag) !== 0;
  return { reply, last: has(flags.last), brokerOut: has(flags.brokerOut), items };
}

function readHead(reader: FieldReader): ReplyHead {
  const time = reader.u32() * 1000 + (reader.u8() * 1000) / 256;
  return { time, waiting: reader.varint(), nextNumber: reader.u16() };
}

function writeItem(writer: FieldWriter, item: DownlinkItem, before: number | undefined): void {
  switch (item.type) {
    case "message": {
      const follows = before !== undefined && item.number === ((before + 1) & 0xffff);
      writeDelivery(writer, item, follows ? marks.follows : 0, item.number);
      break;
    }
    case "part":
      writer.u8((kinds.part << 4) | (item.ageSeconds === undefined ? 0 : marks.aged));
      writer.u16(item.number).u8(item.index).u8(item.count);
      if (item.ageSeconds !== undefined) writer.varint(item.ageSeconds);
      writer.sized(item.bytes);
      break;
    case "have":
      writer
        .u8(kinds.have << 4)
        .u16(item.number)
        .u8(item.bits.length)
        .bytes(item.bits);
      break;
    case "refused":
      writer.u8((kinds.refused << 4) | refusals.indexOf(item.reason)).u16(item.number);
      break;
    case "later":
      writer.u8((kinds.later << 4) | delays.indexOf(item.reason));
      break;
    case "move":
      writer
        .u8(kinds.move << 4)
        .u8(item.channel)
        .varint(item.inSeconds);
      break;
  }
}

function writeDelivery(writer: FieldWriter, delivery: NativeDelivery, follows: number, number = 0): void {
  const { topic, payload, retained, ageSeconds } = delivery;
  const bits = (retained ? marks.retained : 0) | (ageSeconds === undefined ? 0 : marks.aged) | follows;
  writer.u8((kinds.message << 4) | bits);
  if (follows === 0) writer.u16(number);
  writeTopic(writer, topic);
  if (ageSeconds !== undefined) writer.varint(ageSeconds);
  writer.sized(payload);
}

function readDelivery(reader: FieldReader, bits: number): NativeDelivery {
  const topic = readTopic(reader);
  const ageSeconds = (bits & marks.aged) === 0 ? undefined : reader.varint();
  return { topic, payload: reader.sized(), retained: (bits & marks.retained) !== 0, ageSeconds };
}

function readItem(reader: FieldReader, before: number | undefined): DownlinkItem | undefined {
  const byte = reader.u8();
  const [kind, low] = [byte >> 4, byte & 15];
  switch (kind) {
    case kinds.message: {
      const follows = (low & marks.follows) !== 0;
      if (low > 7 || (follows && before === undefined)) return undefined;
      const number = follows ? ((before ?? 0) + 1) & 0xffff : reader.u16();
      return { type: "message", number, ...readDelivery(reader, low) };
    }
    case kinds.part: {
      const number = reader.u16();
      const [index, count] = [reader.u8(), reader.u8()];
      const ageSeconds = low === marks.aged ? reader.varint() : undefined;
      if (index >= count || (low !== 0 && low !== marks.aged)) return undefined;
      return { type: "part", number, index, count, ageSeconds, bytes: reader.sized() };
    }
    case kinds.refused: {
      const reason = refusals[low];
      return reason && { type: "refused", number: reader.u16(), reason };
    }
    case kinds.later: {
      const reason = delays[low];
      return reason && { type: "later", reason };
    }
    default:
      return low === 0 ? readPlainItem(reader, kind) : undefined;
  }
}

function readPlainItem(reader: FieldReader, kind: number): DownlinkItem | undefined {
  switch (kind) {
    case kinds.have:
      return { type: "have", ...readPartsThere(reader) };
    case kinds.move: {
      const channel = reader.u8();
      return channel >= 1 && channel <= 14
        ? { type: "move", channel, inSeconds: reader.varint() }
        : undefined;
    }
    default:
      return undefined;
  }
}
