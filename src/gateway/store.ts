import type { MacAddress } from "../device/index.ts";
import type { ClassicDialect } from "../wire/index.ts";
import type { QoS } from "./broker-link.ts";

/** What is kept of a node. */
export interface NodeRecord {
  readonly address: MacAddress;
  /** What it has been heard to speak; `undefined` until it has shown it. */
  readonly dialect: ClassicDialect | undefined;
  /** Its topic filters. */
  readonly subscriptions: readonly (readonly [filter: string, qos: QoS])[];
}

/** A message that waits for a node. */
export interface QueuedMessage {
  /** Its place in the node's queue: each is one higher than the one before. Never used twice for one node. */
  readonly sequence: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
  /** When it came, in milliseconds since 1970. */
  readonly queuedAt: number;
}

/** A node as it is found at the start: its record, and what the gateway keeps in memory of its queue. */
export interface StoredNode {
  readonly record: NodeRecord;
  /** The sequence number of the oldest message that waits, or else of the next that will. */
  readonly firstSequence: number;
  /** The size of each message that waits, oldest first, as `sizeOfMessage` counts. */
  readonly sizes: readonly number[];
}

/** A publication of a node that the broker may not have yet. */
export interface StoredUplink {
  /** Its place in the order in which they came; never used twice. */
  readonly sequence: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
}

/** All that is found at the start. */
export interface StoredState {
  readonly nodes: readonly StoredNode[];
  /** In the order of their sequence numbers. */
  readonly uplinks: readonly StoredUplink[];
  /** Digests of topics and of the last message seen on each, in no order. */
  readonly topics: readonly (readonly [topic: number, message: number])[];
  /** Records that were damaged, and are left out. */
  readonly damaged: number;
}

/** One change of what is stored. */
export type StoreChange =
  /** A publication was accepted. */
  | { readonly type: "uplink"; readonly uplink: StoredUplink }
  /** The broker has it, or it was given up. Without effect if it is not there. */
  | { readonly type: "uplink-done"; readonly sequence: number }
  /** The last message seen on a topic, by digests; `undefined`: the topic is forgotten. */
  | { readonly type: "topic"; readonly topic: number; readonly message: number | undefined }
  /** A new node, or a known one's new record; its queue stays. */
  | { readonly type: "node"; readonly record: NodeRecord }
  /** One more message at the end of a node's queue. */
  | { readonly type: "enqueue"; readonly address: MacAddress; readonly message: QueuedMessage }
  /** The message is done with: delivered or dropped. Without effect if it is not there. */
  | { readonly type: "dequeue"; readonly address: MacAddress; readonly sequence: number };

/**
 * Where the gateway keeps what must outlive it. Asynchronous and in batches, so that a journal on disk or a database can
 * stand behind it. The gateway opens it once, has one `commit` under way at a time, and reads only what is committed.
 */
export interface GatewayStore {
  /**
   * Everything that is kept, but for the payloads of what waits for nodes. What is damaged is left out and counted.
   *
   * @throws if it cannot be opened at all
   */
  open(): Promise<StoredState>;
  /** Makes the changes, in order, all or none; resolves when they would survive. */
  commit(changes: readonly StoreChange[]): Promise<void>;
  /** Up to `limit` messages that wait for a node, oldest first. */
  readQueue(address: MacAddress, limit: number): Promise<readonly QueuedMessage[]>;
  /** Lets go of what it holds; what was committed stays. Closing twice does nothing. */
  close(): Promise<void>;
}
