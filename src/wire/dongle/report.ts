import { concatBytes, decodeUtf8, encodeUtf8, toHex } from "../../base/index.ts";
import { fromFlags, toBytes, toFlags, toSigned } from "./request.ts";

/** What became of a frame that a dongle put on the air. */
export type DongleOutcome = "acknowledged" | "unacknowledged" | "refused";

/** What a dongle has counted since it was started. */
export interface DongleStatistics {
  readonly uptimeSeconds: number;
  /** Frames heard and passed on. */
  readonly received: number;
  /** Frames that the chip's receive buffer had no room for. */
  readonly droppedByChip: number;
  /** Frames that were heard, and for which there was no room on the way to the host. */
  readonly droppedByQueue: number;
  /** Frames put on the air. */
  readonly sent: number;
  /** Those of them that nobody acknowledged. */
  readonly unacknowledged: number;
  /** Frames that ESP-NOW would not take. */
  readonly refused: number;
  /** Pieces of the serial line that could not be read. */
  readonly serialFaults: number;
  readonly freeMemoryBytes: number;
}

/** What a dongle tells its host. */
export type DongleReport =
  /** The radio is set up like this. */
  | {
      readonly type: "ready";
      readonly channel: number;
      readonly accessPoint: boolean;
      readonly longRange: boolean;
      /** The longest frame that the firmware's ESP-NOW carries, in bytes. */
      readonly maximumFrameBytes: number;
      /** What nodes call the gateway. */
      readonly address: string;
    }
  | { readonly type: "result"; readonly tag: number; readonly outcome: DongleOutcome }
  | {
      readonly type: "received";
      /** In dBm. */
      readonly rssi: number;
      readonly source: string;
      readonly bytes: Uint8Array;
    }
  | { readonly type: "statistics"; readonly statistics: DongleStatistics }
  /** Something that the chip would not do, in words. */
  | { readonly type: "trouble"; readonly text: string };

const codes = { ready: 129, result: 130, received: 131, statistics: 132, trouble: 133 } as const;
const outcomes = ["acknowledged", "unacknowledged", "refused"] as const;
const readyBytes = 11;
const receivedHeaderBytes = 8;
/** In the order in which they are sent. */
const counted = [
  "uptimeSeconds",
  "received",
  "droppedByChip",
  "droppedByQueue",
  "sent",
  "unacknowledged",
  "refused",
  "serialFaults",
  "freeMemoryBytes",
] as const satisfies readonly (keyof DongleStatistics)[];
const statisticsBytes = 1 + 4 * counted.length;

/** Writes what a dongle tells; a message of the serial wire. */
export function encodeDongleReport(report: DongleReport): Uint8Array {
  switch (report.type) {
    case "ready": {
      const { channel, accessPoint, longRange, maximumFrameBytes, address } = report;
      const flags = toFlags(accessPoint, longRange);
      const head = Uint8Array.of(codes.ready, channel, flags, maximumFrameBytes >> 8, maximumFrameBytes);
      return concatBytes([head, toBytes(address)]);
    }
    case "result":
      return Uint8Array.of(codes.result, report.tag >> 8, report.tag, outcomes.indexOf(report.outcome));
    case "received":
      return concatBytes([Uint8Array.of(codes.received, report.rssi), toBytes(report.source), report.bytes]);
    case "statistics": {
      const view = new DataView(new ArrayBuffer(statisticsBytes));
      view.setUint8(0, codes.statistics);
      for (const [index, name] of counted.entries()) view.setUint32(1 + 4 * index, report.statistics[name]);
      return new Uint8Array(view.buffer);
    }
    default:
      return concatBytes([Uint8Array.of(codes.trouble), encodeUtf8(report.text)]);
  }
}

/** Reads what a dongle tells; `undefined` if it is none of these. Never throws. */
export function decodeDongleReport(message: Uint8Array): DongleReport | undefined {
  const [code, second = 0, third = 0, fourth = 0, fifth = 0] = message;
  switch (code) {
    case codes.ready: {
      if (message.length !== readyBytes) return undefined;
      const address = toHex(message.subarray(5));
      const maximumFrameBytes = fourth * 256 + fifth;
      return { type: "ready", channel: second, ...fromFlags(third), maximumFrameBytes, address };
    }
    case codes.result: {
      const outcome = outcomes[fourth];
      if (message.length !== 4 || !outcome) return undefined;
      return { type: "result", tag: second * 256 + third, outcome };
    }
    case codes.received: {
      if (message.length <= receivedHeaderBytes) return undefined;
      const source = toHex(message.subarray(2, receivedHeaderBytes));
      return { type: "received", rssi: toSigned(second), source, bytes: message.slice(receivedHeaderBytes) };
    }
    case codes.statistics: {
      if (message.length !== statisticsBytes) return undefined;
      const view = new DataView(message.buffer, message.byteOffset);
      const entries = counted.map((name, index) => [name, view.getUint32(1 + 4 * index)] as const);
      return { type: "statistics", statistics: Object.fromEntries(entries) as unknown as DongleStatistics };
    }
    case codes.trouble: {
      const text = decodeUtf8(message, 1);
      return text === undefined ? undefined : { type: "trouble", text };
    }
    default:
      return undefined;
  }
}
