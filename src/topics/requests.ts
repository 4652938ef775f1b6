import type { BridgeHealth } from "./topic-map.ts";

/** A request of `moteq/bridge/request/<name>` and what `moteq/bridge/response/<name>` answers. */
export interface Exchange<Request, Data> {
  readonly request: Request;
  readonly data: Data;
}

/** Which node is meant: what people call it, or its address. */
export interface OfNode {
  readonly node: string;
}

/** What can be asked of a gateway, by name. */
export interface BridgeRequests {
  /** The nodes for which messages wait, or one node. */
  readonly "queue/list": Exchange<Partial<OfNode>, readonly QueueSummary[]>;
  /** The messages that wait for a node, in the order in which they go. */
  readonly "queue/show": Exchange<OfNode & { readonly limit?: number }, QueueContents>;
  /** One more message for a node. */
  readonly "queue/add": Exchange<QueueAddition, { readonly node: string; readonly id: number }>;
  /** Drops messages by their numbers; those that wait no more are left alone. */
  readonly "queue/drop": Exchange<OfNode & { readonly ids: readonly number[] }, QueueDrop>;
  /** Drops all that waits for a node. */
  readonly "queue/flush": Exchange<OfNode, QueueDrop>;
  /** Lets a classic node in before it is heard, and calls it something. */
  readonly "node/allow": Exchange<
    { readonly address: string; readonly name?: string },
    { readonly node: string; readonly name: string }
  >;
  /** Calls a node something else; its retained topics move. */
  readonly "node/rename": Exchange<
    OfNode & { readonly name: string },
    { readonly node: string; readonly name: string; readonly before: string }
  >;
  /** Forgets a node with all that waits for it. With `deny`, it may not come back until it is allowed. */
  readonly "node/remove": Exchange<OfNode & { readonly deny?: boolean }, { readonly node: string }>;
  /**
   * Opens the door for a time, 120 s if not said: with a code that it gives, which nodes must know; with `code: false` for
   * anybody; with `classic: true` for unknown classic nodes too.
   */
  readonly "join/open": Exchange<
    { readonly seconds?: number; readonly code?: boolean; readonly classic?: boolean },
    { readonly until: string; readonly code: string | null }
  >;
  /** Closes it; with `codes: true` the codes that nobody has used are worth nothing any more. */
  readonly "join/close": Exchange<
    { readonly codes?: boolean },
    { readonly closed: boolean; readonly revoked: number }
  >;
  /** Makes a code with which one node can join at any time, for 7 days if not said; it ends with its use. */
  readonly "join/code": Exchange<
    { readonly address?: string; readonly days?: number },
    { readonly code: string; readonly expires: string }
  >;
  /**
   * Moves the radio to another channel, in an hour if not said, in a week at the latest. Native nodes that wake until then are
   * told; the others have to look for it.
   */
  readonly "channel/move": Exchange<
    { readonly channel: number; readonly seconds?: number },
    { readonly channel: number; readonly at: string }
  >;
  /** Takes a move back that has not been made. */
  readonly "channel/cancel": Exchange<Record<string, never>, { readonly cancelled: boolean }>;
  /** How each part of the gateway is. */
  readonly health: Exchange<Record<string, never>, BridgeHealth>;
}

/** The requests that change nothing. They and their answers go at QoS 0, and so get through although a disk is full. */
export const bridgeQuestions: ReadonlySet<string> = new Set<keyof BridgeRequests>([
  "queue/list",
  "queue/show",
  "health",
]);

/** The envelope of every answer. */
export interface BridgeResponse<Data = unknown> {
  /** As in the request; left out if it had none. */
  readonly transaction?: string | number | undefined;
  readonly status: "ok" | "error";
  /** What was asked for; only with `ok`. */
  readonly data?: Data | undefined;
  /** What is wrong, in words; only with `error`. */
  readonly error?: string | undefined;
  /** The same as a code, as `gateway/unknown-node`; only with `error`. */
  readonly code?: string | undefined;
}

/** How much waits for a node. */
export interface QueueSummary {
  /** Its address. */
  readonly node: string;
  readonly name: string;
  /** How many messages wait. */
  readonly queued: number;
  /** The bytes of their topics and payloads. */
  readonly bytes: number;
  /** When the first of them expires, ISO 8601 in UTC; `null`: none does. */
  readonly nextExpiry: string | null;
}

/** What waits for a node. */
export interface QueueContents extends QueueSummary {
  /** The first of them: no more than were asked for. */
  readonly messages: readonly QueueItem[];
}

/** A message that waits. */
export interface QueueItem {
  /** Its number: `queue/drop` takes it. */
  readonly id: number;
  readonly topic: string;
  /** As text; hexadecimal if `encoding` says so, for what is no text. */
  readonly payload: string;
  readonly encoding?: "hex" | undefined;
  readonly retained: boolean;
  readonly priority: number;
  readonly policy: "fifo" | "latest";
  /** ISO 8601 in UTC. */
  readonly queuedAt: string;
  /** ISO 8601 in UTC; `null`: it does not. */
  readonly expiresAt: string | null;
  readonly transaction?: string | undefined;
}

/** A message to be queued. What is left out comes from the policy of its topic. */
export interface QueueAddition extends OfNode {
  readonly topic: string;
  readonly payload: string;
  /** Default: the payload is text. */
  readonly encoding?: "hex" | undefined;
  /** Seconds for which it is worth delivering. */
  readonly ttl?: number | undefined;
  /** 0 … 9. */
  readonly priority?: number | undefined;
  readonly policy?: "fifo" | "latest" | undefined;
  /** What its fate is told with. Default: the transaction of the request. */
  readonly fateTransaction?: string | undefined;
}

/** How many messages were dropped. */
export interface QueueDrop {
  readonly node: string;
  readonly dropped: number;
}

/** The topic of a request, as `moteq/bridge/request/queue/list`. */
export function toRequestTopic(base: string, name: string): string {
  return `${base}/bridge/request/${name}`;
}

/** The topic of its answer. */
export function toResponseTopic(base: string, name: string): string {
  return `${base}/bridge/response/${name}`;
}
