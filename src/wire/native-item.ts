import { FieldReader, FieldWriter } from "./native-bytes.ts";
import { type NativeTopic, readTopic, writeTopic } from "./native-topic.ts";

/** A message as a node wants it published. */
export interface NativeMessage {
  readonly topic: NativeTopic;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly qos: 0 | 1 | 2;
}

/** What a node says of its battery and its work since it said so last; what it does not know is left out. */
export interface NativeEnergy {
  /** The battery's voltage, in millivolts. */
  readonly batteryMillivolts?: number | undefined;
  /** What is left in the battery, in per cent. */
  readonly batteryPercent?: number | undefined;
  /** How long it was awake, in milliseconds. */
  readonly awakeMs?: number | undefined;
  /** Frames that it sent. */
  readonly framesSent?: number | undefined;
  /** Frames of these that the gateway's radio did not acknowledge. */
  readonly sendFailures?: number | undefined;
}

/** An item with a number, which the gateway takes once. */
export type NumberedItem =
  /** A reading; `ageSeconds` is how long ago it was taken, if it was not just now. */
  | ({ readonly type: "publish"; readonly ageSeconds: number | undefined } & NativeMessage)
  | { readonly type: "subscribe"; readonly topic: NativeTopic; readonly qos: 0 | 1 | 2 }
  | { readonly type: "unsubscribe"; readonly topic: NativeTopic }
  /**
   * A part of a longer item; `index` counts from 0. The age is that of the reading which it is a part of: not among the bytes,
   * which stay the same however often they are sent.
   */
  | {
      readonly type: "part";
      readonly index: number;
      readonly count: number;
      readonly ageSeconds: number | undefined;
      readonly bytes: Uint8Array;
    }
  /** How often the node wakes; a period of 0 says that it is always awake. */
  | { readonly type: "contract"; readonly periodSeconds: number; readonly toleranceSeconds: number }
  /** What is to be published when the node is overdue; `undefined`: nothing any more. */
  | { readonly type: "will"; readonly will: NativeMessage | undefined }
  | { readonly type: "energy"; readonly energy: NativeEnergy }
  /** The node goes for good. */
  | { readonly type: "leave" };

const kinds = {
  publish: 1,
  subscribe: 2,
  unsubscribe: 3,
  part: 4,
  contract: 5,
  will: 6,
  energy: 7,
  leave: 8,
} as const;
const aged = 8;
const noWill = 8;
const energyFields = [
  "batteryMillivolts",
  "batteryPercent",
  "awakeMs",
  "framesSent",
  "sendFailures",
] as const;

/** A numbered item. */
export function encodeItem(item: NumberedItem): Uint8Array {
  const writer = new FieldWriter();
  switch (item.type) {
    case "publish": {
      const { ageSeconds } = item;
      writer.u8(first("publish", bitsOf(item) | (ageSeconds === undefined ? 0 : aged)));
      writeTopic(writer, item.topic);
      if (ageSeconds !== undefined) writer.varint(ageSeconds);
      writer.sized(item.payload);
      break;
    }
    case "subscribe":
      writeTopic(writer.u8(first("subscribe", item.qos)), item.topic);
      break;
    case "unsubscribe":
      writeTopic(writer.u8(first("unsubscribe")), item.topic);
      break;
    case "part":
      writer.u8(first("part", item.ageSeconds === undefined ? 0 : aged));
      writer.u8(item.index).u8(item.count);
      if (item.ageSeconds !== undefined) writer.varint(item.ageSeconds);
      writer.sized(item.bytes);
      break;
    case "contract":
      writer.u8(first("contract")).varint(item.periodSeconds).varint(item.toleranceSeconds);
      break;
    case "will":
      if (!item.will) return writer.u8(first("will", noWill)).finish();
      writeTopic(writer.u8(first("will", bitsOf(item.will))), item.will.topic);
      writer.sized(item.will.payload);
      break;
    case "energy":
      writeEnergy(writer.u8(first("energy")), item.energy);
      break;
    case "leave":
      writer.u8(first("leave"));
      break;
  }
  return writer.finish();
}

/** Reads one numbered item that fills `bytes`, as parts are joined to; `undefined` if it is none, or a part itself. */
export function decodeItem(bytes: Uint8Array): NumberedItem | undefined {
  const reader = new FieldReader(bytes);
  const byte = reader.u8();
  const item = readItem(reader, byte >> 4, byte & 15);
  return reader.failed || reader.left > 0 || item?.type === "part" ? undefined : item;
}

/** Reads a numbered item whose first byte has been read; `undefined` if it is none. */
export function readItem(reader: FieldReader, kind: number, low: number): NumberedItem | undefined {
  switch (kind) {
    case kinds.publish: {
      const topic = readTopic(reader);
      const ageSeconds = (low & aged) === 0 ? undefined : reader.varint();
      const qos = readQos(low >> 1);
      if (qos === undefined) return undefined;
      return { type: "publish", topic, ageSeconds, payload: reader.sized(), retain: (low & 1) === 1, qos };
    }
    case kinds.subscribe: {
      const qos = low < 4 ? readQos(low) : undefined;
      return qos === undefined ? undefined : { type: "subscribe", topic: readTopic(reader), qos };
    }
    case kinds.will: {
      if (low === noWill) return { type: "will", will: undefined };
      const qos = low < 8 ? readQos(low >> 1) : undefined;
      if (qos === undefined) return undefined;
      const topic = readTopic(reader);
      return { type: "will", will: { topic, payload: reader.sized(), retain: (low & 1) === 1, qos } };
    }
    case kinds.part: {
      const [index, count] = [reader.u8(), reader.u8()];
      const ageSeconds = low === aged ? reader.varint() : undefined;
      if (index >= count || (low !== 0 && low !== aged)) return undefined;
      return { type: "part", index, count, ageSeconds, bytes: reader.sized() };
    }
    default:
      return low === 0 ? readPlainItem(reader, kind) : undefined;
  }
}

function readPlainItem(reader: FieldReader, kind: number): NumberedItem | undefined {
  switch (kind) {
    case kinds.unsubscribe:
      return { type: "unsubscribe", topic: readTopic(reader) };
    case kinds.contract:
      return { type: "contract", periodSeconds: reader.varint(), toleranceSeconds: reader.varint() };
    case kinds.energy:
      return readEnergy(reader);
    case kinds.leave:
      return { type: "leave" };
    default:
      return undefined;
  }
}

function writeEnergy(writer: FieldWriter, energy: NativeEnergy): void {
  const known = energyFields.filter((field) => energy[field] !== undefined);
  writer.u8(known.reduce((bits, field) => bits | (1 << energyFields.indexOf(field)), 0));
  for (const field of known) writer.varint(energy[field] ?? 0);
}

function readEnergy(reader: FieldReader): NumberedItem | undefined {
  const which = reader.u8();
  if (which >> energyFields.length !== 0) return undefined;
  const energy: { -readonly [Field in keyof NativeEnergy]: NativeEnergy[Field] } = {};
  for (const [bit, field] of energyFields.entries()) {
    if (((which >> bit) & 1) === 1) energy[field] = reader.varint();
  }
  return { type: "energy", energy };
}

function bitsOf({ retain, qos }: NativeMessage): number {
  return (retain ? 1 : 0) | (qos << 1);
}

function readQos(bits: number): 0 | 1 | 2 | undefined {
  const qos = bits & 3;
  return qos === 3 ? undefined : (qos as 0 | 1 | 2);
}

function first(kind: keyof typeof kinds, low = 0): number {
  return (kinds[kind] << 4) | low;
}
