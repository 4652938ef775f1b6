import type { MoteqError } from "../base/index.ts";
import { reasonError, type ReasonOf } from "./errors.ts";
import type { ConnackPacket, DisconnectPacket } from "./packets.ts";

/** MQTT 3.1.1's five refusals of a connection (3.2.2.3), as the codes of MQTT 5 that say the same. */
const oldRefusals = [0, 0x84, 0x85, 0x88, 0x86, 0x87];

/** The reason code of MQTT 5 for a code in CONNACK of either version. */
function toReasonCode(connackCode: number): number {
  return oldRefusals[connackCode] ?? connackCode;
}

/** Reasons to end a connection that say nothing about what was sent last: busy, closing, taken over, moved, … */
const ofConnection = new Set([0, 0x89, 0x8b, 0x8d, 0x8e, 0x98, 0x9c, 0x9d, 0x9f, 0xa0]);

/** Whether a broker that ended a connection so did it for the connection's sake, not for a message's. */
export function blamesConnection(reasonCode = 0): boolean {
  return ofConnection.has(reasonCode);
}

/** The error for a CONNACK that says no. */
export function refusedConnection({ reasonCode, properties }: ConnackPacket, reasonOf: ReasonOf): MoteqError {
  const what = "the broker refused the connection";
  return reasonError(reasonOf, "mqtt/refused", what, toReasonCode(reasonCode), properties);
}

/** The error for a broker's DISCONNECT. */
export function endedConnection(
  { reasonCode = 0, properties }: DisconnectPacket,
  reasonOf: ReasonOf,
): MoteqError {
  return reasonError(
    reasonOf,
    "mqtt/disconnected",
    "the broker ended the connection",
    reasonCode,
    properties,
  );
}
