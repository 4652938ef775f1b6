/** What is published under `<base>/`, by the rest of the topic. All of it is JSON and retained. */
export interface BridgeTopics {
  /** Whether the gateway is there; `offline` is also its last will. */
  readonly "bridge/state": BridgeState;
  readonly "bridge/info": BridgeInfo;
  readonly "bridge/nodes": readonly BridgeNode[];
}

export interface BridgeState {
  readonly state: "online" | "offline";
}

/** What the gateway is and how it is set. */
export interface BridgeInfo {
  /** moteq's version. */
  readonly version: string;
  /** The address that nodes send to: 12 hexadecimal digits. */
  readonly address: string;
  /** The radio's channel, 1 … 14. */
  readonly channel: number;
  /** The gateway's settings; none of them is secret. */
  readonly config: unknown;
}

/** A node as the gateway knows it. */
export interface BridgeNode {
  /** Its address: 12 hexadecimal digits. */
  readonly node: string;
  /** What people call it; its address if they do not. */
  readonly name: string;
  readonly dialect: "prototype" | "link";
  /** When it was heard last, ISO 8601 in UTC; `null` if not since the gateway was started. */
  readonly lastSeen: string | null;
  /** How strong it was heard, in dBm; `null` if the radio cannot tell. */
  readonly rssi: number | null;
  /** A guess: `awake` for a minute after it was heard or took a frame, unless it did not take the last one. */
  readonly state: "awake" | "asleep";
  /** Messages that wait for it. */
  readonly queued: number;
  readonly counters: BridgeNodeCounters;
}

/** Counts of one node since the gateway was started. */
export interface BridgeNodeCounters {
  /** Publications accepted from it. */
  readonly uplinks: number;
  /** Frames of it that were refused. */
  readonly refused: number;
  /** Messages that it took. */
  readonly delivered: number;
  /** Times that it did not take a message, which waits on. */
  readonly undelivered: number;
  /** Messages for it that are lost: its queue was full, or they were too long. */
  readonly dropped: number;
}

/** The whole topic, as `moteq/bridge/state`. */
export function toBridgeTopic(base: string, tail: keyof BridgeTopics): string {
  return `${base}/${tail}`;
}
