import { decodeUtf8, messageOf } from "../base/index.ts";
import { isOwnTopic } from "../topics/index.ts";
import type { BrokerMessage } from "./broker-link.ts";
import type { MessageOutcome } from "./counters.ts";
import { Downlink, type DownlinkEvents } from "./downlink.ts";
import { ClockSteps } from "./clock-steps.ts";
import { Deadlines } from "./deadlines.ts";
import type { End } from "./fates.ts";
import type { GatewayNode } from "./node.ts";
import { type QueueBounds, summarizeMessage } from "./node-queue.ts";
import type { GatewayParts } from "./parts.ts";
import { choosePolicy, type QueuePolicy } from "./policies.ts";
import { showText } from "./report-text.ts";
import type { QueuedMessage } from "./store.ts";

/** What a message says. */
export type MessageContent = Pick<QueuedMessage, "topic" | "payload" | "retained">;

/** How it is to be kept. */
export type DeliveryOrder = QueuePolicy & Pick<QueuedMessage, "transaction">;

/** Why a message was not queued. */
export type NotQueued = "store-slow" | "too-long" | "queue-full";

/** What the broker sends: brought to the queue of each node that it is for, and from there to the node. */
export class Distribution {
  readonly downlink: Downlink;
  readonly #parts: GatewayParts;
  readonly #expiries: Deadlines;
  readonly #steps: ClockSteps;
  readonly #bounds: QueueBounds;
  readonly #onQueued: (node: GatewayNode, isFirst: boolean) => void;

  /** @param onQueued a message waits for a node, the first one or one more */
  constructor(parts: GatewayParts, onQueued: (node: GatewayNode, isFirst: boolean) => void) {
    this.#parts = parts;
    this.#onQueued = onQueued;
    const { radio, clock, store, journal, config } = parts;
    this.#steps = new ClockSteps(clock);
    this.#bounds = { messages: config.qlen, bytes: config.limits.queue_bytes };
    this.#expiries = new Deadlines(
      clock,
      () => clock.now(),
      () => this.#expireAll(),
    );
    this.downlink = new Downlink({
      radio,
      clock,
      store,
      canRead: async () => {
        await journal.attempted();
        return !journal.isFailing;
      },
      expire: (node) => this.expire(node),
      replyLimit: config.limits.replies,
      events: this.#createEvents(),
    });
  }

  /** Routes a message; it never waits. */
  route(message: BrokerMessage): MessageOutcome {
    const { config, routes, retained, reports } = this.#parts;
    const { topic, payload, retain, properties } = message;
    // What the gateway says changes with every message for a node: delivered to one, it would go round for ever.
    if (isOwnTopic(config.base, topic)) return "own";
    const subscribers = routes.subscribersOf(topic);
    const recipients = retain ? retained.recipients(topic, payload, subscribers) : subscribers;
    if (!retain) retained.note(topic, payload);
    if (recipients.size === 0) {
      if (subscribers.size > 0) return "repeated";
      reports.trouble("errors", "unrouted", () => `No nodes subscribed to topic ${showText(topic)}`);
      return "unrouted";
    }
    const limit = config.limits.message_bytes;
    if (payload.length > limit) {
      reports.trouble("status", "message", () => {
        return `A message on ${showText(topic)} is not passed on: ${payload.length} bytes, at most ${limit} are`;
      });
      return "too-long";
    }
    // A view would keep all of a larger buffer alive.
    const own = payload.length === payload.buffer.byteLength ? payload : payload.slice();
    const content = { topic, payload: own, retained: retain };
    const policy = choosePolicy(config.policies, topic);
    // Its sender and whoever wrote the policy both have their way.
    const ttl = Math.min(policy.ttl ?? Infinity, properties?.messageExpiryInterval ?? Infinity);
    const order = { ...policy, ttl: ttl === Infinity ? undefined : ttl, transaction: undefined };
    for (const node of recipients) this.enqueue(node, content, order);
    return "routed";
  }

  /**
   * Queues a message for a node.
   *
   * @returns its number, or why it could not be taken
   */
  enqueue(node: GatewayNode, content: MessageContent, order: DeliveryOrder): number | NotQueued {
    const { config, clock, journal, fates, reports, bridge } = this.#parts;
    const { topic } = content;
    const { transaction } = order;
    if (journal.overloaded) {
      reports.trouble(
        "status",
        "store-slow",
        () => "Messages for nodes are dropped: the store does not keep up",
      );
      fates.refused(node, "store-slow", { topic, transaction });
      return "store-slow";
    }
    const wasEmpty = node.queue.size === 0;
    this.#followClock();
    const now = clock.now();
    const message: QueuedMessage = {
      id: node.queue.nextId,
      ...content,
      queuedAt: now,
      priority: order.priority,
      expiresAt: order.ttl === undefined ? undefined : now + order.ttl * 1000,
      latest: order.policy === "latest",
      transaction,
    };
    // Those whose time is over must not push out others.
    this.expire(node);
    const entry = summarizeMessage(message);
    const displaced = node.queue.admit(entry, this.#bounds);
    if (!displaced) {
      const outcome = entry.size > this.#bounds.bytes ? "too-long" : "queue-full";
      fates.refused(node, outcome, { topic, transaction });
      bridge.changed(node);
      if (outcome === "queue-full") this.#sayFull(node);
      else {
        reports.trouble("status", "message", () => {
          return `A message on ${showText(topic)} does not fit into the queue of node ${node.address}: ${entry.size} bytes`;
        });
      }
      return outcome;
    }
    journal.add({ type: "enqueue", address: node.address, message });
    fates.queued(node, message);
    void fates.endedUnread(node, "superseded", displaced.superseded);
    void fates.endedUnread(node, "queue-full", displaced.dropped);
    if (displaced.dropped.length > 0) this.#sayFull(node);
    this.#expiries.note(entry.expiresAt);
    bridge.changed(node);
    if (config.debug && !this.#isReport(topic)) {
      reports.debug(`Sending or queueing message ${showMessage(message)} to node ${node.address}`);
    }
    this.#onQueued(node, wasEmpty);
    return message.id;
  }

  #expireAll(): number {
    this.#followClock();
    let next = Infinity;
    for (const node of this.#parts.nodes.values()) {
      if (node.queue.size === 0) continue;
      this.expire(node);
      next = Math.min(next, node.queue.firstExpiry());
    }
    return next;
  }

  /** Takes messages off a node's queue because somebody wants it so; those that wait no more are left alone. Settles when it is told. */
  async drop(node: GatewayNode, ids: readonly number[], end: "flushed" | "removed"): Promise<number> {
    const gone = this.#takeOff(node, ids);
    await this.#parts.fates.endedUnread(node, end, gone);
    return gone.length;
  }

  /** Messages of which only the numbers are known have come to their end. Settles when that is journaled; never rejects. */
  async endUnread(node: GatewayNode, ids: readonly number[], end: End): Promise<void> {
    const gone = ids.filter((id) => node.queue.remove(id));
    if (gone.length > 0) this.#parts.bridge.changed(node);
    await this.#parts.fates.endedUnread(node, end, gone);
  }

  /** Takes off what a node need not get any more. */
  expire(node: GatewayNode): void {
    if (node.queue.size === 0) return;
    this.#followClock();
    this.#endAll(node, node.queue.expired(this.#parts.clock.now()), "expired");
  }

  /** A time to live is a span: what came before the wall clock was stepped lives neither shorter nor longer for that. */
  #followClock(): void {
    const byMs = this.#steps.take();
    if (byMs === 0) return;
    this.#expiries.move(byMs);
    for (const { queue } of this.#parts.nodes.values()) queue.moveExpiries(byMs);
  }

  close(): Promise<void> {
    this.#expiries.close();
    return this.downlink.close();
  }

  /** A node has been read from the store, with what waits for it: the rules of today hold for that too. */
  restored(node: GatewayNode): void {
    if (node.queue.size === 0) return;
    this.expire(node);
    const displaced = node.queue.settle(this.#bounds);
    void this.#parts.fates.endedUnread(node, "superseded", displaced.superseded);
    void this.#parts.fates.endedUnread(node, "queue-full", displaced.dropped);
    this.#expiries.note(node.queue.firstExpiry());
  }

  #sayFull(node: GatewayNode): void {
    if (node.fullReported) return;
    node.fullReported = true;
    this.#parts.reports.status(`Gateway:  node ${node.address} queue full`);
  }

  #endAll(node: GatewayNode, ids: readonly number[], end: End): number {
    const gone = this.#takeOff(node, ids);
    void this.#parts.fates.endedUnread(node, end, gone);
    return gone.length;
  }

  /** Makes room; gives the numbers of those that were there. */
  #takeOff(node: GatewayNode, ids: readonly number[]): number[] {
    const gone = ids.filter((id) => node.queue.remove(id));
    if (gone.length === 0) return gone;
    node.fullReported = false;
    this.#parts.bridge.changed(node);
    return gone;
  }

  /** A message that was on the air has come to its end. */
  end(node: GatewayNode, message: QueuedMessage, end: End): void {
    // It may have gone, and been counted, while it was on the air.
    if (!node.queue.remove(message.id)) return;
    node.fullReported = false;
    this.#parts.fates.ended(node, end, message);
    this.#parts.bridge.changed(node);
  }

  /** A message can never go to its node: it is too long for the radio, or for the node. */
  endTooLong(node: GatewayNode, message: QueuedMessage): void {
    this.end(node, message, "too-long");
    this.#parts.reports.trouble("status", "message", () => {
      return `A message on ${showText(message.topic)} does not fit into the radio's frames, or is too long for node ${node.address}`;
    });
  }

  /** The store does not have messages of which a node's queue speaks. */
  endLost(node: GatewayNode, ids: readonly number[]): void {
    const count = this.#endAll(node, ids, "lost");
    if (count === 0) return;
    this.#parts.reports.trouble("errors", "lost", () => {
      return `${count} messages for node ${node.address} are lost: the store does not have them`;
    });
  }

  /** A message on one of these that gave rise to another would go round for ever. */
  #isReport(topic: string): boolean {
    const { status, errors } = this.#parts.config;
    return (status && topic === status.topic) || (errors && topic === errors.topic);
  }

  #createEvents(): DownlinkEvents {
    const { config, counters, reports } = this.#parts;
    return {
      onReply(node, outcome) {
        counters.replies.add(outcome);
        if (outcome !== "dropped") return;
        reports.trouble("status", "replies", () => {
          return `Answers to node ${node.address} are dropped: ${config.limits.replies} wait for the radio`;
        });
      },
      onSending: (node, message) => {
        this.#parts.fates.sent(node, message);
        if (!config.debug || this.#isReport(message.topic)) return;
        reports.debug(`Sending to ${node.address} message ${showMessage(message)}`);
      },
      onDelivered: (node, message) => {
        node.silenceReported = false;
        this.end(node, message, "acknowledged");
      },
      onUndelivered: (node) => {
        node.count("undelivered");
        this.#parts.bridge.changed(node);
        if (node.silenceReported) return;
        node.silenceReported = true;
        reports.error(`Peer ${node.address} not responding`);
      },
      onUndeliverable: (node, message) => this.endTooLong(node, message),
      onLost: (node, ids) => this.endLost(node, ids),
      onFailure(node, place, error) {
        const what =
          place === "radio" ? `ESPNow send to ${node.address}` : `Serving node ${node.address}: ${place}`;
        reports.trouble("errors", place, () => `${what} raised ${messageOf(error)}`);
      },
    };
  }
}

function showMessage({ topic, payload, retained }: MessageContent): string {
  return showText(JSON.stringify([topic, decodeUtf8(payload) ?? `${payload.length} bytes`, retained]));
}
