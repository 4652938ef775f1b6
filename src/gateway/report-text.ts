import { decodeUtf8 } from "../base/index.ts";
import type { MacAddress } from "../device/index.ts";
import type { Refusal } from "./counters.ts";

/** The topics on which the gateway speaks to people. */
export type Audience = "status" | "errors";

/** A line as the original writes it: `20/11/2026 09:05:01 text`, local time, day and month unpadded. */
export function stampLine(now: number, text: string): string {
  const time = new Date(now);
  const date = `${time.getDate()}/${time.getMonth() + 1}/${time.getFullYear()}`;
  return `${date} ${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())} ${text}`;
}

/** Bytes as people can read them, cut at 60 characters; what is no text shows as question marks. */
export function showBytes(bytes: Uint8Array): string {
  const start = bytes.subarray(0, 240);
  return showText(decodeUtf8(start) ?? String.fromCharCode(...start).replaceAll(/[^ -~]/g, "?"));
}

/** Text that a node sent, cut at 60 characters, without control characters. */
export function showText(text: string): string {
  const printable = text.slice(0, 60).replaceAll(/[\p{Cc}\p{Cs}]/gu, "?");
  return text.length > 60 ? `${printable.slice(0, 59)}…` : printable;
}

/** A refused frame: what there is to say of it. */
export interface RefusedFrame {
  readonly source: MacAddress;
  readonly bytes: Uint8Array;
  /** The limit that was reached, where it was one. */
  readonly limit?: number | undefined;
  /** The command that is not known. */
  readonly command?: string | undefined;
}

/** Who is told of a refusal: mistakes of a node go to `errors`, bounds that were reached to `status`. */
export function audienceOf(refusal: Refusal): Audience {
  switch (refusal) {
    case "not-a-list":
    case "bad-length":
    case "unknown-command":
    case "bad-topic":
    case "bad-qos":
    case "bad-retain":
    case "reserved-topic":
    case "defect":
      return "errors";
    default:
      return "status";
  }
}

/** What is said of a refused frame. Where the original has a text for it, that one. */
export function describeRefusal(refusal: Refusal, { source, bytes, limit, command }: RefusedFrame): string {
  switch (refusal) {
    case "not-json":
      return `Unformatted message ${showBytes(bytes)} from node ${source}`;
    case "not-a-list":
    case "bad-length":
      return `Malformed message ${showBytes(bytes)} from node ${source}`;
    case "bad-topic":
    case "bad-qos":
    case "bad-retain":
      return `Malformed message ${showBytes(bytes)} from node ${source}: ${refusal.replace("-", " ")}`;
    case "unknown-command":
      return `Warning: unknown command ${showText(command ?? "")} from node ${source}`;
    case "reserved-topic":
      return `Node ${source} may not use the topic of ${showBytes(bytes)}: it is the gateway's or the broker's own`;
    case "broker-out":
      return `Message of node ${source} refused: the broker is out`;
    case "too-many-uplinks":
      return `Message of node ${source} refused: ${limit} messages wait for the broker`;
    case "missing-part":
      return `A message in parts from node ${source} lacks a part`;
    case "message-too-long":
      return `A message from node ${source} is longer than ${limit} bytes`;
    case "too-many-subscriptions":
      return `Node ${source} has ${limit} subscriptions already`;
    case "too-many-nodes":
      return `Node ${source} is not taken: ${limit} nodes are known already`;
    case "too-many-frames":
      return `Node ${source} sends more than ${limit} frames a second`;
    case "bad-address":
      return `A frame has the address ${source}, which no node can have`;
    case "not-allowed":
      return (
        `Node ${source} is not taken: classic nodes cannot prove who they are. Allow this one ` +
        `(moteq allow ${source}), or all (gateway.classic: open)`
      );
    case "insecure":
      return `A frame in the name of node ${source} is not encrypted, as all of that node's are`;
    case "not-joined":
      return `Node ${source} has not joined, or may not now: moteq join opens a window or makes a code`;
    case "unauthentic":
      return `A frame in the name of node ${source} was not written with its key`;
    case "replayed":
      return `A frame of node ${source} came a second time`;
    case "malformed":
      return `A native frame of node ${source} makes no sense`;
    case "unknown-version":
      return `Node ${source} speaks a version of the native dialect that this moteq does not know`;
    case "denied":
      return `Node ${source} is denied`;
    case "store-slow":
      return `Node ${source} refused: the store does not keep up`;
    default:
      return `A frame from node ${source} met a defect of the gateway: ${showBytes(bytes)}`;
  }
}

function pad(number: number): string {
  return String(number).padStart(2, "0");
}
