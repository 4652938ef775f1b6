import type { NativeEnergy } from "../wire/index.ts";

/**
 * What a native node must remember while it sleeps, as plain JSON. Its keys are secrets. Take it out of its place when the node
 * wakes, and put it back only when it goes to sleep in order: a node that crashed must not find it, since it would use the
 * same counters again.
 */
export interface NativeNodeState {
  /** The node's key, 32 hexadecimal digits; all else may be lost, this must not. */
  readonly key: string;
  /** The session; `undefined`: the node says hello. */
  readonly session?: NativeSessionState | undefined;
  /** The number of the next item; `undefined`: the gateway tells it. */
  readonly nextNumber?: number | undefined;
  /** Numbers of messages that came, as long as it is not certain that the gateway knows. */
  readonly came?: readonly number[] | undefined;
  /** What is not settled yet, and goes with the next exchange. */
  readonly outbox?: readonly OutboxEntry[] | undefined;
  /** The channel where the gateway was found, or to which it went; `undefined`: the one that the radio begins with. */
  readonly channel?: number | undefined;
  /** Where the gateway will be, and from when on, in milliseconds since 1970 by the node's own clock. */
  readonly move?: { readonly channel: number; readonly at: number } | undefined;
  /** How many exchanges in a row the gateway's radio has not heard. */
  readonly unheard?: number | undefined;
}

/** A session as it is remembered. */
export interface NativeSessionState {
  /** 32 hexadecimal digits. */
  readonly uplink: string;
  /** 32 hexadecimal digits. */
  readonly downlink: string;
  /** The counter of the last uplink. */
  readonly counter: number;
  /** The topics that have aliases, and whether the gateway is certain to know. */
  readonly topics: readonly (readonly [alias: number, topic: string, agreed: boolean])[];
}

/** A message that a node wants published. */
export interface OutgoingMessage {
  readonly topic: string;
  /** In hexadecimal, so that the state is plain JSON. */
  readonly payload: string;
  readonly retain: boolean;
  readonly qos: 0 | 1 | 2;
}

/** What a node has to say. */
export type OutgoingItem =
  /** `takenAt`: the time of day at which the reading was taken, by the node's own clock. */
  | ({ readonly type: "publish"; readonly takenAt: number } & OutgoingMessage)
  | { readonly type: "subscribe"; readonly filter: string; readonly qos: 0 | 1 | 2 }
  | { readonly type: "unsubscribe"; readonly filter: string }
  | { readonly type: "contract"; readonly periodSeconds: number; readonly toleranceSeconds: number }
  | { readonly type: "will"; readonly will: OutgoingMessage | undefined }
  | { readonly type: "energy"; readonly energy: NativeEnergy }
  | { readonly type: "leave" };

/** An item that is not settled. */
export interface OutboxEntry {
  readonly item: OutgoingItem;
  /** The number that it was sent with; `undefined` if it has not been sent. */
  readonly number?: number | undefined;
}
