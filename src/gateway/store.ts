import type { MacAddress } from "../device/index.ts";
import type { ClassicDialect } from "../wire/index.ts";
import type { NodePresence } from "../topics/index.ts";
import type { QoS } from "./broker-link.ts";
import type { EnergyRecord } from "./energy.ts";
import { emptyRecord, type NativeRecord } from "./native/record.ts";
import type { WakeContract } from "./wake-contract.ts";

/** What is kept of a node. */
export interface NodeRecord {
  readonly address: MacAddress;
  /** What it has been heard to speak; `undefined` until it has shown it. */
  readonly dialect: ClassicDialect | undefined;
  /** Its topic filters. */
  readonly subscriptions: readonly (readonly [filter: string, qos: QoS])[];
  /** What it was called by request. */
  readonly name?: string | undefined;
  /** When it was heard last, in milliseconds since 1970, give or take a minute. */
  readonly lastSeen?: number | undefined;
  /** What it promised itself. */
  readonly contract?: WakeContract | undefined;
  /** What is to be published when it is overdue. */
  readonly will?: NodeWill | undefined;
  /** Whether that has been published since it was heard. */
  readonly willPublished?: boolean | undefined;
  readonly battery?: NodePresence["battery"] | undefined;
  readonly energy?: EnergyRecord | undefined;
  /** Of a node that speaks the native dialect: its key is a secret. */
  readonly native?: NativeRecord | undefined;
}

/** A node of which the rest was lost. In plaintext it is heard only if it would be let in anew: it may have been a native one. */
export function lostNode(address: MacAddress): NodeRecord {
  return { address, dialect: undefined, subscriptions: [], native: emptyRecord };
}

/** A message that is published when a node is overdue. */
export interface NodeWill {
  readonly topic: string;
  /** Hexadecimal digits. */
  readonly payload: string;
  readonly qos: QoS;
  readonly retain: boolean;
}

/** A message that waits for a node. */
export interface QueuedMessage {
  /** Its number among the messages of its node: later ones have higher numbers, and none is used twice. */
  readonly id: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
  /** When it came, in milliseconds since 1970. */
  readonly queuedAt: number;
  /** 0 … 9: those of a higher one go first, and are dropped last. */
  readonly priority: number;
  /** Until when it is worth delivering, in milliseconds since 1970; `undefined`: always. */
  readonly expiresAt: number | undefined;
  /** Whether a newer message on its topic takes its place. */
  readonly latest: boolean;
  /** What its sender calls it; told with its fate. */
  readonly transaction: string | undefined;
}

/** What the gateway keeps in memory of a message that waits: see `summarizeMessage`. */
export interface QueueEntry {
  readonly id: number;
  /** How many bytes it counts in the queue: those of its topic and its payload. */
  readonly size: number;
  readonly priority: number;
  /** In milliseconds since 1970; `Infinity`: never. */
  readonly expiresAt: number;
  /** The digest of its topic if a newer message on it takes its place, else 0. */
  readonly supersededBy: number;
}

/** A node as it is found at the start: its record, and what the gateway keeps in memory of its queue. */
export interface StoredNode {
  readonly record: NodeRecord;
  /** The number of its next message. */
  readonly nextId: number;
  /** What waits for it, in the order of the numbers. */
  readonly waiting: readonly QueueEntry[];
}

/** A publication of a node that the broker may not have yet. */
export interface StoredUplink {
  /** Its place in the order in which they came; never used twice. */
  readonly sequence: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  /** At QoS 2: under which id it goes to the broker, 1 … 65,535, once it does. */
  readonly packetId?: number | undefined;
  /** At QoS 2: the broker has said that it has come (PUBREC). */
  readonly released?: boolean | undefined;
}

/** All that is found at the start. */
export interface StoredState {
  readonly nodes: readonly StoredNode[];
  /** In the order of their sequence numbers. */
  readonly uplinks: readonly StoredUplink[];
  /** Digests of topics and of the last message seen on each, in no order. */
  readonly topics: readonly (readonly [topic: number, message: number])[];
  /** What the gateway remembers of itself, by name. */
  readonly settings: readonly (readonly [name: string, value: string])[];
  /** Records that were damaged, and are left out. */
  readonly damaged: number;
}

/** One change of what is stored. */
export type StoreChange =
  /** A publication was accepted; or one that is there already has come further. */
  | { readonly type: "uplink"; readonly uplink: StoredUplink }
  /** The broker has it, or it was given up. Without effect if it is not there. */
  | { readonly type: "uplink-done"; readonly sequence: number }
  /** The last message seen on a topic, by digests; `undefined`: the topic is forgotten. */
  | { readonly type: "topic"; readonly topic: number; readonly message: number | undefined }
  /** A new node, or a known one's new record; its queue stays. */
  | { readonly type: "node"; readonly record: NodeRecord }
  /** A node is forgotten, with all that waits for it. Without effect if it is not there. */
  | { readonly type: "remove-node"; readonly address: MacAddress }
  /** What the gateway remembers of itself; `undefined`: nothing any more. */
  | { readonly type: "setting"; readonly name: string; readonly value: string | undefined }
  /** One more message waits for a known node; one for a node that is not there is gone at the next start, at the latest. */
  | { readonly type: "enqueue"; readonly address: MacAddress; readonly message: QueuedMessage }
  /** The message has met its fate. Without effect if it is not there. */
  | { readonly type: "dequeue"; readonly address: MacAddress; readonly id: number };

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
  /** The messages of these numbers that wait for a node, in this order; those that are not there are left out. */
  readMessages(address: MacAddress, ids: readonly number[]): Promise<readonly QueuedMessage[]>;
  /** Lets go of what it holds; what was committed stays. Closing twice does nothing. */
  close(): Promise<void>;
}
