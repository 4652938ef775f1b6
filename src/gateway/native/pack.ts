import {
  cutParts,
  downlinkOverhead,
  type DownlinkBody,
  type DownlinkItem,
  encodeDownlinkBody,
  encodeJoinedDelivery,
  fitsNativeTopic,
  hasPart,
  type NativeTopic,
  type PartsThere,
} from "../../wire/index.ts";
import { numberOfSequence } from "./record.ts";

/** A message that waits for a node. */
export interface WaitingMessage {
  /** Its place in the node's queue, never used twice; the node knows it by the lower 16 bits. */
  readonly sequence: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
  /** How long it has waited, in seconds, if the node is to know. */
  readonly ageSeconds?: number | undefined;
}

/** The bodies of one burst, and what is in them. */
export interface Packing {
  readonly bodies: readonly (readonly DownlinkItem[])[];
  /** The sequence numbers of the messages that are in it as a whole, with what the node has of them. */
  readonly sent: readonly number[];
  /** Those of messages that no number of frames could carry. */
  readonly impossible: readonly number[];
}

/** How a burst is packed. */
export interface PackingOptions {
  /** What the first frame says besides. */
  readonly head: Omit<DownlinkBody, "last">;
  readonly messages: readonly WaitingMessage[];
  readonly maximumFrameBytes: number;
  readonly maximumFrames: number;
  readonly have: readonly PartsThere[];
  readonly shorten: (topic: string) => NativeTopic;
}

/** What a part takes besides its bytes: kind, number, index, count, and at the most five bytes of age and two of length. */
const partOverhead = 12;

/** Packs what fits into a burst: messages in order, as many to a frame as it holds, long ones in parts. */
export function packBurst(options: PackingOptions): Packing {
  const { head, messages, maximumFrameBytes, maximumFrames, have, shorten } = options;
  const room = maximumFrameBytes - downlinkOverhead;
  const flagsOnly = 1;
  const bodies: DownlinkItem[][] = [[...head.items]];
  let used = encodeDownlinkBody({ ...head, last: true }).length;
  const sent: number[] = [];
  const impossible: number[] = [];

  /** Puts an item behind the others, in a new frame if need be; `false` if the burst is full. */
  const put = (item: DownlinkItem, size: number): boolean => {
    if (used + size > room) {
      if (bodies.length >= maximumFrames) return false;
      bodies.push([]);
      used = flagsOnly;
    }
    bodies.at(-1)?.push(item);
    used += size;
    return true;
  };

  for (const message of messages) {
    const item = toItem(message, shorten);
    if (!fitsNativeTopic(message.topic)) {
      impossible.push(message.sequence);
      continue;
    }
    const size = sizeOf(item);
    if (size <= room - flagsOnly) {
      if (!put(item, size)) break;
    } else {
      // By name: an alias may be agreed on between two bursts, and parts must stay as they are.
      const topic = { name: message.topic, alias: undefined };
      const parts = cutParts(encodeJoinedDelivery({ ...item, topic }), room - flagsOnly - partOverhead);
      if (!parts) {
        impossible.push(message.sequence);
        continue;
      }
      const bits = have.find(({ number }) => number === item.number)?.bits ?? new Uint8Array();
      const missing = [...parts.entries()].filter(([index]) => !hasPart(bits, index));
      const count = parts.length;
      const { number, ageSeconds } = item;
      const all = missing.every(([index, bytes]) =>
        put({ type: "part", number, index, count, ageSeconds, bytes }, partOverhead + bytes.length),
      );
      if (!all) break;
    }
    sent.push(message.sequence);
  }
  return { bodies, sent, impossible };
}

function toItem(
  { sequence, topic, payload, retained, ageSeconds }: WaitingMessage,
  shorten: (topic: string) => NativeTopic,
) {
  const number = numberOfSequence(sequence);
  return { type: "message", number, topic: shorten(topic), payload, retained, ageSeconds } as const;
}

function sizeOf(item: DownlinkItem): number {
  return encodeDownlinkBody({ reply: undefined, last: false, brokerOut: false, items: [item] }).length - 1;
}
