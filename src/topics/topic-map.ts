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

/** What is published under `<base>/<node>`, by the rest of the topic; `<node>` is what people call it, else its address. */
export interface NodeTopics {
  /** How a message for the node goes on. Not retained. */
  readonly fate: NodeFate;
}

/** What became of a message for a node. */
export interface NodeFate {
  /** Its number among the messages of its node; left out if it was refused before it got one. */
  readonly id?: number | undefined;
  /** Left out if it is not known any more. */
  readonly topic?: string | undefined;
  /**
   * `queued`, `sent` (on its way), and at the end one of: `acknowledged` (the node has it), `superseded` (by a newer one on
   * its topic), `expired`, `refused` (it was never queued), `dropped`.
   */
  readonly fate: "queued" | "sent" | "acknowledged" | "superseded" | "expired" | "refused" | "dropped";
  /** Why it was refused or dropped. */
  readonly reason?: string | undefined;
  /** What its sender called it. */
  readonly transaction?: string | undefined;
  /** When that was, ISO 8601 in UTC. */
  readonly at: string;
}

/** The whole topic, as `moteq/bridge/state`. */
export function toBridgeTopic(base: string, tail: keyof BridgeTopics): string {
  return `${base}/${tail}`;
}

/** The whole topic, as `moteq/garden/fate`. */
export function toNodeTopic(base: string, name: string, tail: keyof NodeTopics): string {
  return `${base}/${name}/${tail}`;
}

const nodeTails: Readonly<Record<keyof NodeTopics, true>> = { fate: true };

/** Whether a topic is one that the gateway itself publishes or listens to under its base. */
export function isOwnTopic(base: string, topic: string): boolean {
  if (!topic.startsWith(`${base}/`)) return false;
  const [name, tail, ...more] = topic.slice(base.length + 1).split("/");
  if (name === "bridge" || tail === undefined) return true;
  return more.length === 0 && Object.hasOwn(nodeTails, tail);
}
