import type { QoS } from "../topics/index.ts";
import type { PropertiesOf } from "./properties.ts";

/** A message at QoS 1 or 2 that was accepted and that the broker has not taken over yet. */
export interface StoredMessage {
  /** Grows with each message: the order in which they go out. */
  readonly sequence: number;
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties?: PropertiesOf["publish"] | undefined;
  /** The id under which it went out; 0 if it did not yet. */
  readonly packetId: number;
  /** At QoS 2: PUBREC has come. */
  readonly released: boolean;
}

/** What a session has to know after a restart. */
export interface StoredSession {
  /** In the order of their sequence. */
  readonly messages: readonly StoredMessage[];
  /** The marks of messages at QoS 2 that were delivered here and that the broker has not released yet. */
  readonly received: readonly number[];
  /** Which of several brokers the messages with ids went to: its place among the ways to them. Default 0. */
  readonly way?: number | undefined;
}

/** One change of what a store holds. */
export type StoreChange =
  /** A message was accepted. */
  | { readonly type: "put"; readonly message: StoredMessage }
  /** It goes out under an id, from the start. */
  | { readonly type: "sent"; readonly sequence: number; readonly packetId: number }
  /** Its PUBREC has come. */
  | { readonly type: "released"; readonly sequence: number }
  /** The broker has taken it over, or it was given up. */
  | { readonly type: "delete"; readonly sequence: number }
  /** A message at QoS 2 was delivered: what it is known by, a whole number from 1 to below 2^53. */
  | { readonly type: "received"; readonly mark: number }
  /** The broker has released it, or lost it; 0 for all. */
  | { readonly type: "forgotten"; readonly mark: number }
  /** The messages with ids are on their way to another one of several brokers. */
  | { readonly type: "moved"; readonly way: number };

/**
 * Where a session outlives the client, one session a store. `node/` has one on disk. The conformance suite in
 * `test/support/session-store-conformance.ts` says in full what is expected.
 */
export interface SessionStore {
  /** What it holds. Called before any change, by one client at a time, each of which closes it. */
  load(): StoredSession;
  /**
   * Applies changes, in order. Resolves when they are safe from whatever the store protects from; rejects when they
   * are not, though some may be. Called again only when the last call has settled.
   */
  apply(changes: readonly StoreChange[]): Promise<void>;
  /** Releases what it stands on. */
  close(): Promise<void>;
}

/** A store that outlives its client, but not the process: for tests, and for a client that is made anew. */
export class MemorySessionStore implements SessionStore {
  readonly #messages = new Map<number, StoredMessage>();
  readonly #received = new Set<number>();
  #way: number | undefined;

  load(): StoredSession {
    return { messages: [...this.#messages.values()], received: [...this.#received], way: this.#way };
  }

  apply(changes: readonly StoreChange[]): Promise<void> {
    for (const change of changes) {
      if (change.type === "moved") this.#way = change.way;
      applyChange(this.#messages, this.#received, change);
    }
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What a change does to messages, by sequence, and to the marks of received ones. The way is for the store to note. */
export function applyChange(
  messages: Map<number, StoredMessage>,
  received: Set<number>,
  change: StoreChange,
): void {
  if (change.type === "put") messages.set(change.message.sequence, change.message);
  else if (change.type === "delete") messages.delete(change.sequence);
  else if (change.type === "received") received.add(change.mark);
  else if (change.type === "forgotten") {
    if (change.mark === 0) received.clear();
    else received.delete(change.mark);
  } else if (change.type !== "moved") {
    const known = messages.get(change.sequence);
    if (!known) return;
    const how = change.type === "sent" ? { packetId: change.packetId, released: false } : { released: true };
    messages.set(change.sequence, { ...known, ...how });
  }
}
