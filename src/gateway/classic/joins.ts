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
  readonly #joiners = new Map<MacAddress, PartJoiner<Uint8Array>>();
  readonly #limit: number;
  readonly #maximumBytes: number;

  /**
   * @param limit nodes at once; the one begun first is given up for another
   * @param maximumBytes of a joined payload
   */
  constructor(limit: number, maximumBytes: number) {
    this.#limit = limit;
    this.#maximumBytes = maximumBytes;
  }

  /** How many nodes are remembered. */
  get size(): number {
    return this.#joiners.size;
  }

  add(address: MacAddress, part: Part, piece: Uint8Array): Joined {
    const joiner = this.#joiners.get(address) ?? this.#begin(address);
    const pieces = joiner.add(part, piece);
    if (lengthOf(pieces ?? joiner.pieces) > this.#maximumBytes) {
      this.#joiners.delete(address);
      return "message-too-long";
    }
    if (pieces) return concatBytes(pieces);
    return joiner.lost ? "missing-part" : "waiting";
  }

  #begin(address: MacAddress): PartJoiner<Uint8Array> {
    if (this.#joiners.size >= this.#limit) {
      const [oldest] = this.#joiners.keys();
      if (oldest !== undefined) this.#joiners.delete(oldest);
    }
    const joiner = new PartJoiner<Uint8Array>();
    this.#joiners.set(address, joiner);
    return joiner;
  }
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  return length;
}
