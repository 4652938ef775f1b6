import { Counters } from "../base/index.ts";
import type { Bound } from "./bounds.ts";
import type { NativeDrop } from "./native/uplink.ts";
import type { ClassicFault } from "../wire/index.ts";

/** Why a frame was refused. */
export type Refusal =
  | ClassicFault
  /** A topic that belongs to the gateway or to the broker. */
  | "reserved-topic"
  /** The broker is out, and the node's dialect has no word for "accepted nevertheless". */
  | "broker-out"
  /** As many messages as allowed wait for the broker. */
  | "too-many-uplinks"
  /** A part of a message whose other parts got lost. */
  | "missing-part"
  | "message-too-long"
  | "too-many-subscriptions"
  | "too-many-nodes"
  | "too-many-frames"
  /** The sender's address is none, is everybody's, or is the gateway's own. */
  | "bad-address"
  /** A classic node that nobody has let in. */
  | "not-allowed"
  /** A native node's address, but not encrypted. */
  | "insecure"
  | NativeDrop
  /** Of the list of those that are never taken. */
  | "denied"
  /** The store is so far behind that nothing more is taken. */
  | "store-slow"
  /** The gateway's own mistake. */
  | "defect";

/** What became of a frame from the air: each is counted once. */
export type FrameOutcome =
  | "publish"
  | "part"
  | "subscribe"
  | "unsubscribe"
  | "get"
  | "poll"
  | "ping"
  | "channel"
  /** Of a native node, without a publication. */
  | "uplink"
  /** A native node's session has begun, or is about to. */
  | "handshake"
  | Refusal;

/** What became of a message from the broker: each is counted once. */
export type MessageOutcome =
  | "routed"
  | "unrouted"
  /** A retained message that comes again and that everybody had. */
  | "repeated"
  /** Of the gateway's own tree. */
  | "own"
  | "too-long"
  | "request"
  | "request-refused"
  | "status-request"
  | "status-request-ignored"
  | "defect";

/** What became of a message for one node. All but `queued` end it. */
export type DeliveryOutcome =
  | "queued"
  /** The node has it. */
  | "acknowledged"
  /** A newer one on its topic took its place. */
  | "superseded"
  | "expired"
  /** It had to go for another: the node's queue was full. */
  | "queue-full"
  /** Somebody asked for it to be dropped. */
  | "flushed"
  /** Its node was removed. */
  | "removed"
  | "too-long"
  | "store-slow"
  /** The store does not have it any more. */
  | "lost";

/** Everything that the gateway counts, by reason, since it was made. */
export class GatewayCounters {
  readonly frames = new Counters<FrameOutcome>();
  /** Items of native nodes that came again, and numbers of items that never came. */
  readonly items = new Counters<"repeated" | "skipped">();
  /**
   * What became of accepted publications at the broker. `republished`: at QoS 2, and on their way when the broker forgot the
   * session, so that it may have taken them twice.
   */
  readonly uplinks = new Counters<"published" | "failed" | "republished">();
  readonly messages = new Counters<MessageOutcome>();
  readonly deliveries = new Counters<DeliveryOutcome>();
  /** Ends of messages that were told, or could not be. */
  readonly fates = new Counters<"told" | "dropped">();
  readonly replies = new Counters<"sent" | "failed" | "dropped">();
  readonly reports = new Counters<"published" | "failed" | "dropped">();
  readonly subscriptions = new Counters<"made" | "ended" | "refused">();
  /** How often something was forgotten since there was no more room. */
  readonly bounds = new Counters<Bound>();

  toJSON(): GatewayCounts {
    const { frames, items, uplinks, messages, deliveries, fates, replies, reports, subscriptions, bounds } =
      this;
    return {
      frames: frames.toJSON(),
      items: items.toJSON(),
      uplinks: uplinks.toJSON(),
      messages: messages.toJSON(),
      deliveries: deliveries.toJSON(),
      fates: fates.toJSON(),
      replies: replies.toJSON(),
      reports: reports.toJSON(),
      subscriptions: subscriptions.toJSON(),
      bounds: bounds.toJSON(),
    };
  }
}

/** The counters as plain JSON; those that are zero are left out. */
export type GatewayCounts = {
  readonly [Group in Exclude<keyof GatewayCounters, "toJSON">]: ReturnType<GatewayCounters[Group]["toJSON"]>;
};
