import { decodeUtf8, encodeUtf8, utf8Length } from "../base/index.ts";
import { longestEscape, printJsonString, toFrameText } from "./classic-text.ts";
import { maximumParts, nameOfPart } from "./classic-parts.ts";

/** The two ways of answering that the classic dialects have; what they send is the same for both. */
export type ClassicDialect = "prototype" | "link";

/** What the gateway answers to a node of the `link` dialect, as a bare word. */
export type LinkReply = "ACK" | "NAK" | "BAD" | "UP" | "DOWN";

/** What the gateway answers to a node of the `prototype` dialect, as a list of the word twice. */
export type PrototypeReply = "ACK" | "OUT";

/** What a node of a classic dialect hears from the gateway. */
export type ClassicDownlink =
  | { readonly type: "message"; readonly topic: string; readonly message: string; readonly retained: boolean }
  | { readonly type: "reply"; readonly reply: LinkReply | PrototypeReply }
  | { readonly type: "channel"; readonly channel: number };

/** A bare word of the `link` dialect. */
export function encodeLinkReply(reply: LinkReply): Uint8Array {
  return encodeUtf8(reply);
}

/** The `prototype` dialect's answers, as `["ACK", "ACK"]`. */
export function encodePrototypeReply(reply: PrototypeReply): Uint8Array {
  return encodeUtf8(`["${reply}", "${reply}"]`);
}

/** The answer to `["chan"]`: the channel in decimal. */
export function encodeChannelReply(channel: number): Uint8Array {
  return encodeUtf8(String(channel));
}

/** A message for a node, as `["topic", "message", false]`, before it is cut to the frames that carry it. */
export interface Delivery {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
}

/**
 * Writes a message for a node: one frame, or several parts where it is longer than a frame (`classic-parts.ts`).
 * `undefined` if it is too long even for that.
 *
 * @param maximumFrameBytes what the radio carries in a frame
 * @param partId tells the parts of one message from those of the next, 0 … 999
 */
export function encodeDelivery(
  delivery: Delivery,
  maximumFrameBytes: number,
  partId: number,
): Uint8Array[] | undefined {
  const text = toFrameText(delivery.payload);
  const whole = encodeMessage(delivery.topic, text, delivery.retained);
  if (whole.length <= maximumFrameBytes) return [whole];
  const room = roomForText(delivery, maximumFrameBytes);
  if (room < longestEscape) return undefined;
  const pieces = cutText(text, room);
  if (pieces.length > maximumParts) return undefined;
  return pieces.map((piece, index) =>
    encodeMessage(nameOfPart(delivery.topic, partId, index + 1, pieces.length), piece, delivery.retained),
  );
}

/** Reads what a node hears; `undefined` for anything that is none of the gateway's. Never throws. */
export function decodeClassicDownlink(bytes: Uint8Array): ClassicDownlink | undefined {
  const text = decodeUtf8(bytes);
  if (text === undefined) return undefined;
  if (isLinkReply(text)) return { type: "reply", reply: text };
  if (/^([1-9]|1[0-4])$/.test(text)) return { type: "channel", channel: Number(text) };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const [topic, message, retained] = value as unknown[];
  if (typeof topic !== "string" || typeof message !== "string") return undefined;
  if (value.length === 2 && topic === message && (topic === "ACK" || topic === "OUT")) {
    return { type: "reply", reply: topic };
  }
  if (value.length !== 3 || typeof retained !== "boolean") return undefined;
  return { type: "message", topic, message, retained };
}

function isLinkReply(text: string): text is LinkReply {
  return text === "ACK" || text === "NAK" || text === "BAD" || text === "UP" || text === "DOWN";
}

function encodeMessage(topic: string, message: string, retained: boolean): Uint8Array {
  return encodeUtf8(`[${printJsonString(topic)}, ${printJsonString(message)}, ${retained}]`);
}

/** How many bytes of escaped text fit into a part's frame. */
function roomForText(delivery: Delivery, maximumFrameBytes: number): number {
  const longestName = nameOfPart(delivery.topic, 999, maximumParts, maximumParts);
  return maximumFrameBytes - encodeMessage(longestName, "", delivery.retained).length;
}

/** Cuts a text between characters so that each piece, escaped, is at most `room` bytes long. */
function cutText(text: string, room: number): string[] {
  const pieces: string[] = [];
  let piece = "";
  let used = 0;
  for (const character of text) {
    const size = utf8Length(printJsonString(character)) - 2;
    if (used + size > room) {
      pieces.push(piece);
      piece = "";
      used = 0;
    }
    piece += character;
    used += size;
  }
  pieces.push(piece);
  return pieces;
}
