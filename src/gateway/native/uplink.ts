import type { JoinTerms, NativeRecord } from "./record.ts";
import type { CannotTake, ItemDelay, ItemRefusal, NativeEnergy } from "../../wire/index.ts";

/** A message as a node wants it published. */
export interface NodeMessageOut {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly qos: 0 | 1 | 2;
}

/** What a native node says, once: topics are names, parts are joined. */
export type NodeItem =
  /** `ageSeconds`: how long before it was sent the reading was taken; `undefined`: just now. */
  | ({ readonly type: "publish"; readonly ageSeconds: number | undefined } & NodeMessageOut)
  | { readonly type: "subscribe"; readonly filter: string; readonly qos: 0 | 1 | 2 }
  | { readonly type: "unsubscribe"; readonly filter: string }
  /** The wake contract; a period of 0 says that it is always awake. */
  | { readonly type: "contract"; readonly periodSeconds: number; readonly toleranceSeconds: number }
  /** What is to be published when the node is overdue; `undefined`: nothing any more. */
  | { readonly type: "will"; readonly will: NodeMessageOut | undefined }
  | { readonly type: "energy"; readonly energy: NativeEnergy }
  | { readonly type: "leave" };

/** What became of one item. */
export type ItemOutcome =
  /** It is among the changes that are about to be committed. */
  | "stored"
  /** It will never be stored. */
  | { readonly refused: ItemRefusal }
  /** Not now; the node says it again. All items after it share that. */
  | { readonly later: ItemDelay };

/** Why a frame was dropped. */
export type NativeDrop =
  /** Of another version, or of a type that nodes do not send. */
  | "unknown-version"
  /** It is no frame of this version's form, although perhaps of this node. */
  | "malformed"
  /** The sender does not have the node's key. */
  | "unauthentic"
  /** It was taken before, or is older than one that was. */
  | "replayed"
  /** The node has not joined, or joining is closed to it. */
  | "not-joined";

/** What a frame of a node comes to. */
export type NativeReceipt =
  | { readonly type: "dropped"; readonly reason: NativeDrop }
  /** It wants to join: decide whether it may, and with which secrets, then call `join` with the same frame. */
  | { readonly type: "join" }
  /** Store the record if there is one; when it is committed, send the frame. */
  | {
      readonly type: "handshake";
      readonly frame: Uint8Array;
      readonly record: NativeRecord | undefined;
    }
  | NativeUplink;

/** What a node says in one frame. */
export interface NativeUplink {
  readonly type: "uplink";
  /** If it has used a new key for the first time, on which terms: it has joined now, and a code that it did so with is used up. */
  readonly joined: JoinTerms | undefined;
  /** What it says for the first time, in order. Give `settle` an outcome for each. */
  readonly items: readonly NodeItem[];
  /** How many items it has said before. */
  readonly repeated: number;
  /** How many numbers before these items never came: this end, or that, was set back. */
  readonly skipped: number;
  /** The numbers of messages that it has: they can go from its queue (see `numberOfSequence`). */
  readonly came: readonly number[];
  /** The numbers of messages that it will never take: they can go too, with another fate. */
  readonly cannotTake: readonly { readonly number: number; readonly reason: CannotTake }[];
  /** Whether it waits for an answer: call `send` once all that this frame changes is committed. */
  readonly answer: boolean;
  /** Whether it wants its messages; one that stays awake may want them without waiting for an answer. */
  readonly fetch: boolean;
  /** Whether it stays awake: `send` may bring what comes later. */
  readonly stays: boolean;
  /** To be stored even if there are no items. */
  readonly record: NativeRecord | undefined;
}
