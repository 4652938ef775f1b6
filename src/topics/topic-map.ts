/** What is published under `<base>/`, by the rest of the topic. All of it is JSON. */
export interface BridgeTopics {
  /** Whether the gateway is there; `offline` is also its last will. Retained. */
  readonly "bridge/state": BridgeState;
  /** Retained. */
  readonly "bridge/info": BridgeInfo;
  /** Retained. */
  readonly "bridge/nodes": readonly BridgeNode[];
  /** Retained. */
  readonly "bridge/health": BridgeHealth;
  /** Not retained. */
  readonly "bridge/event": BridgeEvent;
  /** Not retained. */
  readonly "bridge/logging": BridgeLogLine;
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
  /** Where it will go, and when, ISO 8601 in UTC; `null`: it stays. */
  readonly move: { readonly channel: number; readonly at: string } | null;
  /** The gateway's settings; none of them is secret. */
  readonly config: unknown;
}

/** How each part of the gateway is. */
export interface BridgeHealth {
  /** The worst of the parts. */
  readonly status: HealthStatus;
  readonly mqtt: PartHealth;
  readonly radio: PartHealth;
  readonly queue: PartHealth;
  readonly journal: PartHealth;
}

/** `ok`; `degraded`: it works, but somebody should look; `failed`: it does not do what it is for. */
export type HealthStatus = "ok" | "degraded" | "failed";

/** How one part is. */
export interface PartHealth {
  readonly status: HealthStatus;
  /** What is wrong; left out if nothing is. */
  readonly problem?: string | undefined;
}

/** Something has happened to a node. */
export interface BridgeEvent {
  readonly type:
    | "node_joined"
    | "node_left"
    | "node_renamed"
    | "node_overdue"
    | "node_back"
    | "join_window"
    | "channel_moved";
  /** Its address; left out where it is about none. */
  readonly node?: string | undefined;
  /** What people call it. */
  readonly name?: string | undefined;
  /** With `node_renamed`: what it was called before. */
  readonly before?: string | undefined;
  /** With `join_window`: whether nodes may join now. */
  readonly open?: boolean | undefined;
  /** With `channel_moved`: where the radio is now. */
  readonly channel?: number | undefined;
  /** With `channel_moved`: the names of nodes that were not told before, the first thousand. */
  readonly untold?: readonly string[] | undefined;
  /** ISO 8601 in UTC. */
  readonly at: string;
}

/** A line of the gateway's log. */
export interface BridgeLogLine {
  readonly level: "info" | "warn" | "debug";
  readonly message: string;
}

/** What is known of a node's presence, on all pages about it. */
export interface NodePresence {
  /** When it was heard last, ISO 8601 in UTC; `null` if never. */
  readonly lastSeen: string | null;
  /** How strong it was heard, in dBm; `null` if not since the start, or if the radio cannot tell. */
  readonly rssi: number | null;
  /**
   * `awake`; `asleep`, as it should be; `overdue`: it has not woken when it should have. Whether a classic node is awake is a
   * guess: for a minute after it was heard or took a frame, unless it did not take the last one.
   */
  readonly state: "awake" | "asleep" | "overdue";
  /** When it should be heard next, ISO 8601 in UTC; `null` if it has promised nothing. */
  readonly nextWake: string | null;
  /** How many times it should have woken since it was heard, and did not. */
  readonly missedWakes: number;
  /** What it last said of its battery; `null` if it never did. */
  readonly battery: {
    readonly percent?: number | undefined;
    readonly millivolts?: number | undefined;
  } | null;
  /** Messages that wait for it. */
  readonly queued: number;
}

/** A node as the gateway knows it. */
export interface BridgeNode extends NodePresence {
  /** Its address: 12 hexadecimal digits. */
  readonly node: string;
  /** What people call it; its address if they do not. */
  readonly name: string;
  readonly dialect: "prototype" | "link" | "native";
  /** How often it promised to wake, in seconds; `null` if it has promised nothing, 0 if it never sleeps. */
  readonly wakeEvery: number | null;
  readonly energy: NodeEnergy;
  readonly counters: BridgeNodeCounters;
}

/** What a node has spent, as far as frames tell, since it is known. */
export interface NodeEnergy {
  /** How often it has woken. */
  readonly wakes: number;
  /** How long it was awake, in seconds: told by itself, or from its first to its last frame. */
  readonly awake: number;
  /** For how long of that it was sending, in seconds. */
  readonly sending: number;
  /** For how long of that it was not, and so listening, in seconds. */
  readonly listening: number;
  /** What it spends in a year at that rate, in mAh, by the currents of the settings; `null` before it was watched for a day. */
  readonly mAhPerYear: number | null;
  /** How many frames it has sent, if it tells. */
  readonly framesSent?: number | undefined;
  /** How many of these the gateway's radio did not acknowledge, if it tells. */
  readonly sendFailures?: number | undefined;
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
  /** Messages for it that ended otherwise: superseded, expired, dropped, refused. */
  readonly dropped: number;
}

/** What is published on `<base>/<node>` and under it, by the rest of the topic; `<node>` is what people call it, else its address. */
export interface NodeTopics {
  /** The node's own page. Retained. */
  readonly "": NodeState;
  /** Whether it can be counted on: not while it is overdue. Retained. */
  readonly availability: BridgeState;
  /** How a message for the node goes on. Not retained. */
  readonly fate: NodeFate;
  /** A reading that the node kept until it could send it. Not retained. */
  readonly backfill: NodeBackfill;
}

/** A node's own page. */
export interface NodeState extends NodePresence {
  /** What it last published, by topic: numbers, texts, JSON; the topics longest quiet are left out. */
  readonly readings: Readonly<Record<string, unknown>>;
}

/** A reading with its own time. */
export interface NodeBackfill {
  readonly topic: string;
  /** A number, a text, or JSON; hexadecimal if `encoding` says so, for what is no text. */
  readonly value: unknown;
  readonly encoding?: "hex" | undefined;
  /** When it was read, ISO 8601 in UTC. */
  readonly time: string;
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
  return tail === "" ? `${base}/${name}` : `${base}/${name}/${tail}`;
}

const nodeTails: Readonly<Record<Exclude<keyof NodeTopics, "">, true>> = {
  availability: true,
  fate: true,
  backfill: true,
};

/** Whether a topic is one that the gateway itself publishes or listens to under its base. */
export function isOwnTopic(base: string, topic: string): boolean {
  if (!topic.startsWith(`${base}/`)) return false;
  const [name, tail, ...more] = topic.slice(base.length + 1).split("/");
  if (name === "bridge" || tail === undefined) return true;
  return more.length === 0 && Object.hasOwn(nodeTails, tail);
}
