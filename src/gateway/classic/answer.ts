import { type ClassicDialect, encodeLinkReply, encodePrototypeReply } from "../../wire/index.ts";
import type { Refusal } from "../counters.ts";

/** What the gateway says to one publication. */
export interface Verdict {
  /** Why it is refused; `undefined` if it is accepted. */
  readonly refusal: Refusal | undefined;
  /** What the node hears; `undefined` if it hears nothing. */
  readonly reply: Uint8Array | undefined;
}

/** What a verdict depends on. */
export interface Situation {
  readonly dialect: ClassicDialect;
  /** Whether the node wants an acknowledgement (bit 2 of its qos). */
  readonly acknowledge: boolean;
  /** Whether the broker is there. */
  readonly connected: boolean;
  /** Messages that wait for the broker. */
  readonly waiting: number;
  /** How many may. */
  readonly limit: number;
}

/** Answers that always have the same bytes. */
export const words = {
  up: encodeLinkReply("UP"),
  down: encodeLinkReply("DOWN"),
} as const;

const accepted: Verdict = { refusal: undefined, reply: undefined };
const acknowledged: Verdict = { refusal: undefined, reply: encodePrototypeReply("ACK") };
const ack: Verdict = { refusal: undefined, reply: encodeLinkReply("ACK") };
const nak: Verdict = { refusal: undefined, reply: encodeLinkReply("NAK") };
const bad = encodeLinkReply("BAD");
const out = encodePrototypeReply("OUT");
const outWhileDown: Verdict = { refusal: "broker-out", reply: out };
const outWhileFull: Verdict = { refusal: "too-many-uplinks", reply: out };
const badWhileFull: Verdict = { refusal: "too-many-uplinks", reply: bad };

/**
 * Judges a well-formed publication. `link`: `ACK` is accepted, `NAK` accepted though the broker is out or more than half
 * of the room is taken, `BAD` refused. `prototype`: `OUT` is refused, to be tried again; accepted is silence, or `ACK`
 * where it was asked for.
 */
export function judgePublication(situation: Situation): Verdict {
  const { dialect, acknowledge, connected, waiting, limit } = situation;
  if (dialect === "link") {
    if (waiting >= limit) return badWhileFull;
    return connected && (waiting + 1) * 2 <= limit + 1 ? ack : nak;
  }
  if (!connected) return outWhileDown;
  if (waiting >= limit) return outWhileFull;
  return acknowledge ? acknowledged : accepted;
}

/**
 * What a node hears of a publication that can never be accepted. `prototype` has no word for that: `OUT` would make the
 * node try again for ever.
 */
export function refusePublication(dialect: ClassicDialect): Uint8Array | undefined {
  return dialect === "link" ? bad : undefined;
}
