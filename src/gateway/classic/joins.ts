import { concatBytes } from "../../base/index.ts";
import type { MacAddress } from "../../device/index.ts";
import { PartJoiner } from "../../wire/index.ts";

/** Which part of which message a frame carries. */
export interface Part {
  readonly topic: string;
  readonly id: number;
  readonly index: number;
  readonly count: number;
}

/** What became of a part: the whole payload with the last one, `waiting` before it, or why the message is lost. */
export type Joined = Uint8Array | "waiting" | "missing-part" | "message-too-long";

/** Joins the parts of messages that nodes send: one message of a node at a time, few nodes at once, none too long. */
export class Joins {
  /** Of whose messages something is there and something lacks, the one longest quiet first. */
  readonly #open = new Map<MacAddress, PartJoiner<Uint8Array>>();
  /** Those that have nothing left but a name, so that a repeated last part is known for what it is; the oldest first. */
  readonly #done = new Map<MacAddress, PartJoiner<Uint8Array>>();
  readonly #limit: number;
  readonly #maximumBytes: number;
  readonly #onGivenUp: () => void;

  /**
   * @param limit nodes at once; the one longest quiet is given up for another
   * @param maximumBytes of a joined payload
   * @param onGivenUp is told when that happens
   */
  constructor(limit: number, maximumBytes: number, onGivenUp: () => void = () => {}) {
    this.#limit = limit;
    this.#maximumBytes = maximumBytes;
    this.#onGivenUp = onGivenUp;
  }

  add(address: MacAddress, part: Part, piece: Uint8Array): Joined {
    const joiner = this.#open.get(address) ?? this.#done.get(address) ?? new PartJoiner<Uint8Array>();
    this.#open.delete(address);
    this.#done.delete(address);
    const pieces = joiner.add(part, piece);
    if (lengthOf(pieces ?? joiner.pieces) > this.#maximumBytes) return "message-too-long";
    if (joiner.pieces.length === 0) keep(this.#done, address, joiner, this.#limit);
    else if (keep(this.#open, address, joiner, this.#limit)) this.#onGivenUp();
    if (pieces) return concatBytes(pieces);
    return joiner.lost ? "missing-part" : "waiting";
  }
}

/** Puts in an entry as the newest one; `true` if the oldest had to go for it. */
function keep<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, limit: number): boolean {
  map.set(key, value);
  if (map.size <= limit) return false;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
  return true;
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  return length;
}
