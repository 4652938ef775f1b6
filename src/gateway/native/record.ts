import type { ItemRefusal } from "../../wire/index.ts";

/**
 * What must outlive the gateway of a native node: plain JSON. Its key is a secret: never show it. Everything else of the dialect
 * is in memory, and comes back by itself with the node's next frame.
 */
export interface NativeRecord {
  /** The node's key, 32 hexadecimal digits; `undefined` if it has not joined. */
  readonly key: string | undefined;
  /** The key of a join of which the node has not made use yet. */
  readonly candidate: Candidate | undefined;
  /** Whether it was let in as a classic node before: until it has a key, it may go on as one. */
  readonly classic: boolean;
  /** The number of the next item, 0 … 65535. */
  readonly nextNumber: number;
  /** Those of the last items that were refused, to say so again to a node that has not heard it. */
  readonly refused: readonly (readonly [number: number, reason: ItemRefusal])[];
}

/** On which terms a node was offered a key. */
export interface JoinTerms {
  /** The code by which it may join; `undefined`: it needed none. */
  readonly code: string | undefined;
  /** Until when it may make use of the key for the first time, in milliseconds since 1970. */
  readonly until: number;
}

/** A key that was offered to a node. */
export interface Candidate extends JoinTerms {
  /** 32 hexadecimal digits. */
  readonly key: string;
}

/** The record of a node that nobody knows yet. */
export const emptyRecord: NativeRecord = {
  key: undefined,
  candidate: undefined,
  classic: false,
  nextNumber: 0,
  refused: [],
};

/** Whether a number is one that is still to come: at most 32767 ahead of the next, modulo 65536. */
export function isNewNumber(number: number, next: number): boolean {
  return ((number - next) & 0xffff) < 0x8000;
}

/** The number of a message in a queue: the lower 16 bits of its sequence number. */
export function numberOfSequence(sequence: number): number {
  return sequence % 0x1_0000;
}
