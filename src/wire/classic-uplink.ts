import { decodeUtf8, encodeUtf8 } from "../base/index.ts";
import { parseFrameJson, printJsonString } from "./classic-text.ts";

/** What a node of a classic dialect says to the gateway, in a frame of its own. */
export type ClassicUplink =
  | {
      readonly type: "publish";
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly retain: boolean;
      readonly qos: 0 | 1 | 2;
      /** Bit 2 of the qos: the `prototype` dialect's wish for an acknowledgement. */
      readonly acknowledge: boolean;
    }
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

function encodePublish(uplink: ClassicUplink & { type: "publish" }): Uint8Array {
  const qos = uplink.qos + (uplink.acknowledge ? 4 : 0);
  const head = `[${printJsonString(uplink.topic)}, `;
  const tail = `, ${uplink.retain}, ${qos}]`;
  const text = decodeUtf8(uplink.payload);
  if (text !== undefined) return encodeUtf8(head + printJsonString(text) + tail);
  // Escape byte by byte and put the bytes between the quotes as they are.
  const escaped = printJsonString(String.fromCharCode(...uplink.payload));
  const headBytes = encodeUtf8(head);
  const tailBytes = encodeUtf8(tail);
  const bytes = new Uint8Array(headBytes.length + escaped.length + tailBytes.length);
  bytes.set(headBytes);
  for (let index = 0; index < escaped.length; index++)
    bytes[headBytes.length + index] = escaped.charCodeAt(index);
  bytes.set(tailBytes, headBytes.length + escaped.length);
  return bytes;
}

function malformed(fault: ClassicFault, elements?: number): MalformedUplink {
  return elements === undefined ? { type: "malformed", fault } : { type: "malformed", fault, elements };
}
