import { concatBytes, decodeUtf8, encodeUtf8 } from "../base/index.ts";
import { maximumParts, nameOfPart } from "./classic-parts.ts";
import { decodePlainPublication } from "./classic-plain.ts";
import { fromLatin1, longestEscape, parseFrameJson, printJsonString, toLatin1 } from "./classic-text.ts";

/** What a node wants published. */
export interface Publication {
  readonly type: "publish";
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly qos: 0 | 1 | 2;
  /** Bit 2 of the qos: the `prototype` dialect's wish for an acknowledgement. */
  readonly acknowledge: boolean;
}

/** What a node of a classic dialect says to the gateway, in a frame of its own. */
export type ClassicUplink =
  | Publication
  | { readonly type: "subscribe"; readonly topic: string; readonly qos: 0 | 1 | 2 }
  | { readonly type: "unsubscribe"; readonly topic: string }
  | { readonly type: ClassicCommand };

/** The one-element lists, which only the `link` dialect knows: `get`, `ping`, `aget` and `chan` on the air. */
export type ClassicCommand = "get" | "ping" | "poll" | "channel";

/** Why a frame is none of a classic dialect. */
export type ClassicFault =
  | "not-json"
  | "not-a-list"
  | "bad-length"
  | "unknown-command"
  | "bad-topic"
  | "bad-qos"
  | "bad-retain";

/** A frame that could not be read: why, and how many elements its list had (if it was one). */
export interface MalformedUplink {
  readonly type: "malformed";
  readonly fault: ClassicFault;
  readonly elements?: number;
  /** What the sender called its command, at most 20 characters, with `unknown-command`. */
  readonly command?: string;
}

/**
 * Reads a frame of either classic dialect: a JSON list, told apart by its length. Never throws.
 *
 * A message that is no string (a number, say) is taken as its JSON text.
 */
export function decodeClassicUplink(bytes: Uint8Array): ClassicUplink | MalformedUplink {
  return decodePlainPublication(bytes) ?? decodeAnyUplink(bytes);
}

/** Reads a frame in whatever way its JSON is written. */
export function decodeAnyUplink(bytes: Uint8Array): ClassicUplink | MalformedUplink {
  const frame = parseFrameJson(bytes);
  if (!frame) return malformed("not-json");
  const { value: list, toBytes } = frame;
  if (!Array.isArray(list)) return malformed("not-a-list");
  const elements = list as unknown[];
  switch (elements.length) {
    case 1:
      return decodeCommand(elements[0]);
    case 2:
      return decodeSubscribe(elements, toBytes);
    case 4:
      return decodePublish(elements, toBytes);
    default:
      return malformed("bad-length", elements.length);
  }
}

/** Writes a frame as MicroPython's `json.dumps` would. A payload that is no UTF-8 goes as raw bytes. */
export function encodeClassicUplink(uplink: ClassicUplink): Uint8Array {
  switch (uplink.type) {
    case "publish":
      return encodePublish(uplink);
    case "subscribe":
      return encodeUtf8(`[${printJsonString(uplink.topic)}, ${uplink.qos}]`);
    case "unsubscribe":
      return encodeUtf8(`[${printJsonString(uplink.topic)}, null]`);
    default:
      return encodeUtf8(`["${wordOf[uplink.type]}"]`);
  }
}

/**
 * Writes a publication: one frame, or several parts where it is longer than a frame (`classic-parts.ts`).
 * `undefined` if it is too long even for that.
 *
 * @param maximumFrameBytes what the radio carries in a frame
 * @param partId tells the parts of one publication from those of the next, 0 … 999
 */
export function encodePublication(
  publication: Publication,
  maximumFrameBytes: number,
  partId: number,
): Uint8Array[] | undefined {
  const whole = encodePublish(publication);
  if (whole.length <= maximumFrameBytes) return [whole];
  const { topic, payload } = publication;
  const longestName = nameOfPart(topic, 999, maximumParts, maximumParts);
  const empty = encodePublish({ ...publication, topic: longestName, payload: new Uint8Array() });
  const room = maximumFrameBytes - empty.length;
  if (room < longestEscape) return undefined;
  const pieces = cutBytes(payload, room);
  if (pieces.length > maximumParts) return undefined;
  return pieces.map((piece, index) =>
    encodePublish({
      ...publication,
      topic: nameOfPart(topic, partId, index + 1, pieces.length),
      payload: piece,
    }),
  );
}

const wordOf = { get: "get", ping: "ping", poll: "aget", channel: "chan" } as const;
const commandOf: Readonly<Record<string, ClassicCommand | undefined>> = {
  get: "get",
  ping: "ping",
  aget: "poll",
  chan: "channel",
};

function decodeCommand(word: unknown): ClassicUplink | MalformedUplink {
  const known = typeof word === "string" && Object.hasOwn(commandOf, word) ? commandOf[word] : undefined;
  if (known) return { type: known };
  const command = (typeof word === "string" ? word : JSON.stringify(word)).slice(0, 20);
  return { type: "malformed", fault: "unknown-command", elements: 1, command };
}

function decodeSubscribe(
  [topicText, qos]: unknown[],
  toBytes: (text: string) => Uint8Array,
): ClassicUplink | MalformedUplink {
  const topic = decodeTopic(topicText, toBytes);
  if (topic === undefined) return malformed("bad-topic", 2);
  if (qos === null) return { type: "unsubscribe", topic };
  if (qos !== 0 && qos !== 1 && qos !== 2) return malformed("bad-qos", 2);
  return { type: "subscribe", topic, qos };
}

function decodePublish(
  [topicText, message, retain, qosBits]: unknown[],
  toBytes: (text: string) => Uint8Array,
): ClassicUplink | MalformedUplink {
  const topic = decodeTopic(topicText, toBytes);
  if (topic === undefined) return malformed("bad-topic", 4);
  if (retain !== true && retain !== false && retain !== 0 && retain !== 1) return malformed("bad-retain", 4);
  if (typeof qosBits !== "number" || !Number.isInteger(qosBits) || qosBits < 0 || qosBits > 6) {
    return malformed("bad-qos", 4);
  }
  const qos = qosBits & 3;
  if (qos === 3) return malformed("bad-qos", 4);
  const payload = toBytes(typeof message === "string" ? message : JSON.stringify(message));
  return {
    type: "publish",
    topic,
    payload,
    retain: Boolean(retain),
    qos: qos as 0 | 1 | 2,
    acknowledge: qosBits >= 4,
  };
}

/** Topics are text even where a payload is not. */
function decodeTopic(value: unknown, toBytes: (text: string) => Uint8Array): string | undefined {
  if (typeof value !== "string") return undefined;
  return toBytes === encodeUtf8 ? value : decodeUtf8(toBytes(value));
}

function encodePublish({ topic, payload, retain, qos, acknowledge }: Publication): Uint8Array {
  // Only ASCII is ever escaped, so that bytes of UTF-8 and of none are written alike: as they are.
  const message = fromLatin1(printJsonString(toLatin1(payload)));
  const head = encodeUtf8(`[${printJsonString(topic)}, `);
  const tail = encodeUtf8(`, ${retain}, ${qos + (acknowledge ? 4 : 0)}]`);
  return concatBytes([head, message, tail]);
}

/** Cuts bytes so that each piece, escaped, takes at most `room` bytes in a frame. */
function cutBytes(bytes: Uint8Array, room: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let start = 0;
  let used = 0;
  for (const [index, byte] of bytes.entries()) {
    const size = printJsonString(String.fromCharCode(byte)).length - 2;
    if (used + size > room) {
      pieces.push(bytes.subarray(start, index));
      start = index;
      used = 0;
    }
    used += size;
  }
  pieces.push(bytes.subarray(start));
  return pieces;
}

function malformed(fault: ClassicFault, elements?: number): MalformedUplink {
  return elements === undefined ? { type: "malformed", fault } : { type: "malformed", fault, elements };
}
