import type { Properties, QoS, StoreChange, StoredMessage } from "../../mqtt/index.ts";

const types = { put: 1, sent: 2, released: 3, delete: 4, received: 5, forgotten: 6, moved: 7 } as const;

/** Type, sequence and packet id. */
const fixedLength = 9;
/** Flags, and the lengths of topic and properties. */
const messageLength = 7;

/**
 * A change as a record: a byte for the type, six for the sequence, two for the packet id, and, if it puts a message, the
 * message. Numbers have their highest byte first.
 */
export function encodeRecord(change: StoreChange): Uint8Array {
  const message = change.type === "put" ? change.message : undefined;
  const parts = message ? partsOf(message) : [];
  const length = parts.reduce((sum, part) => sum + part.length, fixedLength);
  const body = Buffer.alloc(length);
  body.writeUInt8(types[change.type], 0);
  const { sequence, packetId } = numbersOf(change);
  body.writeUIntBE(sequence, 1, 6);
  body.writeUInt16BE(packetId, 7);
  let offset = fixedLength;
  for (const part of parts) {
    body.set(part, offset);
    offset += part.length;
  }
  return body;
}

/** The eight bytes that every record has. */
function numbersOf(change: StoreChange): { readonly sequence: number; readonly packetId: number } {
  switch (change.type) {
    case "put":
      return change.message;
    case "sent":
      return change;
    case "released":
    case "delete":
      return { sequence: change.sequence, packetId: 0 };
    case "received":
    case "forgotten":
      return { sequence: Math.floor(change.mark / 0x1_0000), packetId: change.mark % 0x1_0000 };
    default:
      return { sequence: 0, packetId: change.way };
  }
}

function partsOf(message: StoredMessage): Uint8Array[] {
  const { topic, payload, qos, retain, released, properties } = message;
  const isText = typeof payload === "string";
  const topicBytes = Buffer.from(topic);
  const propertyBytes = Buffer.from(properties ? toJson(properties) : "");
  const header = Buffer.alloc(messageLength);
  header.writeUInt8(qos | (retain ? 4 : 0) | (released ? 8 : 0) | (isText ? 16 : 0), 0);
  header.writeUInt16BE(topicBytes.length, 1);
  header.writeUInt32BE(propertyBytes.length, 3);
  return [header, topicBytes, propertyBytes, isText ? Buffer.from(payload) : payload];
}

/** The change that a record says; `undefined` if it says none. The pair of {@link encodeRecord}. */
export function decodeRecord(body: Buffer): StoreChange | undefined {
  if (body.length < fixedLength) return undefined;
  const sequence = body.readUIntBE(1, 6);
  const packetId = body.readUInt16BE(7);
  switch (body[0]) {
    case types.put:
      return decodeMessage(body, sequence, packetId);
    case types.sent:
      return { type: "sent", sequence, packetId };
    case types.released:
      return { type: "released", sequence };
    case types.delete:
      return { type: "delete", sequence };
    case types.received:
      return { type: "received", mark: sequence * 0x1_0000 + packetId };
    case types.forgotten:
      return { type: "forgotten", mark: sequence * 0x1_0000 + packetId };
    case types.moved:
      return { type: "moved", way: packetId };
    default:
      return undefined;
  }
}

function decodeMessage(body: Buffer, sequence: number, packetId: number): StoreChange | undefined {
  const topicStart = fixedLength + messageLength;
  if (body.length < topicStart) return undefined;
  const flags = body.readUInt8(fixedLength);
  const propertiesStart = topicStart + body.readUInt16BE(fixedLength + 1);
  const payloadStart = propertiesStart + body.readUInt32BE(fixedLength + 3);
  if (payloadStart > body.length) return undefined;
  const payload = body.subarray(payloadStart);
  const json = body.toString("utf8", propertiesStart, payloadStart);
  return {
    type: "put",
    message: {
      sequence,
      packetId,
      topic: body.toString("utf8", topicStart, propertiesStart),
      payload: flags & 16 ? payload.toString() : Uint8Array.from(payload),
      qos: (flags & 3) as QoS,
      retain: (flags & 4) !== 0,
      released: (flags & 8) !== 0,
      properties: json === "" ? undefined : fromJson(json),
    },
  };
}

/** Properties as JSON; bytes in base64, told from text by where they stand. */
function toJson({ correlationData, ...rest }: Properties): string {
  const data = correlationData && Buffer.from(correlationData).toString("base64");
  return JSON.stringify({ ...rest, ...(data === undefined ? {} : { correlationData: data }) });
}

function fromJson(json: string): Properties {
  const { correlationData, ...rest } = JSON.parse(json) as Record<string, unknown>;
  if (typeof correlationData !== "string") return rest;
  return { ...rest, correlationData: Uint8Array.from(Buffer.from(correlationData, "base64")) };
}
