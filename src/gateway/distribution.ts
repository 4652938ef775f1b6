import { decodeUtf8, messageOf } from "../base/index.ts";
import type { BrokerMessage } from "./broker-link.ts";
import type { DeliveryOutcome, MessageOutcome } from "./counters.ts";
import { Downlink, type DownlinkEvents } from "./downlink.ts";
import type { GatewayNode } from "./node.ts";
import { sizeOfMessage } from "./node-queue.ts";
import type { GatewayParts } from "./parts.ts";
import { showText } from "./report-text.ts";
import type { QueuedMessage } from "./store.ts";

/** What the broker sends: brought to the queue of each node that it is for, and from there to the node. */
export class Distribution {
  readonly downlink: Downlink;
  readonly #parts: GatewayParts;
  /** What all gateway's own topics begin with, as `moteq/bridge/`. */
  readonly #ownTree: string;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.#ownTree = `${parts.config.base}/bridge/`;
    const { radio, clock, store, journal, config } = parts;
    this.downlink = new Downlink({
      radio,
      clock,
      store,
      canRead: async () => {
        await journal.attempted();
        return !journal.isFailing;
      },
      replyLimit: config.limits.replies,
      events: this.#createEvents(),
    });
  }

  /** Routes a message; it never waits. */
  route(message: BrokerMessage): MessageOutcome {
    const { config, routes, retained, reports } = this.#parts;
    const { topic, payload, retain } = message;
    // Its list of nodes changes with every message for a node: delivered to one, it would go round for ever.
    if (topic.startsWith(this.#ownTree)) return "own";
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
    for (const node of recipients) this.#enqueue(node, topic, own, retain);
    return "routed";
  }

  #enqueue(node: GatewayNode, topic: string, payload: Uint8Array, retained: boolean): void {
    const { config, clock, journal, reports, bridge } = this.#parts;
    if (journal.overloaded) {
      this.#lose(node, "store-slow");
      reports.trouble(
        "status",
        "store-slow",
        () => "Messages for nodes are dropped: the store does not keep up",
      );
      return;
    }
    const wasEmpty = node.queue.size === 0;
    const size = sizeOfMessage({ topic, payload });
    const admission = node.queue.admit(size, config.qlen, config.limits.queue_bytes);
    if (!admission) {
      this.#lose(node, "too-long");
      reports.trouble("status", "message", () => {
        return `A message on ${showText(topic)} does not fit into the queue of node ${node.address}: ${size} bytes`;
      });
      return;
    }
    const { sequence, evicted } = admission;
    const { address } = node;
    for (let gone = node.queue.firstSequence - evicted; gone < node.queue.firstSequence; gone++) {
      journal.add({ type: "dequeue", address, sequence: gone });
      this.#lose(node, "queue-full");
    }
    if (evicted > 0 && !node.fullReported) {
      node.fullReported = true;
      reports.status(`Gateway:  node ${address} queue full`);
    }
    const message = { sequence, topic, payload, retained, queuedAt: clock.now() };
    journal.add({ type: "enqueue", address, message });
    this.#parts.counters.deliveries.add("queued");
    bridge.changed();
    if (config.debug && !this.#isReport(topic)) {
      reports.debug(`Sending or queueing message ${showMessage(message)} to node ${address}`);
    }
    if (!config.lpmode && wasEmpty) this.downlink.deliver(node);
  }

  /** A message will not reach its node. */
  #lose(node: GatewayNode, outcome: DeliveryOutcome): void {
    node.dropped++;
    this.#parts.counters.deliveries.add(outcome);
    this.#parts.bridge.changed();
  }

  /** The queue's oldest message has come to its end. */
  #dequeue(node: GatewayNode, { sequence }: QueuedMessage): boolean {
    // It may have been evicted, and counted, while it was on the air.
    if (!node.queue.remove(sequence)) return false;
    node.fullReported = false;
    this.#parts.journal.add({ type: "dequeue", address: node.address, sequence });
    this.#parts.bridge.changed();
    return true;
  }

  /** A message on one of these that gave rise to another would go round for ever. */
  #isReport(topic: string): boolean {
    const { status, errors } = this.#parts.config;
    return (status && topic === status.topic) || (errors && topic === errors.topic);
  }

  #createEvents(): DownlinkEvents {
    const { config, counters, reports, journal } = this.#parts;
    return {
      onReply(node, outcome) {
        counters.replies.add(outcome);
        if (outcome !== "dropped") return;
        reports.trouble("status", "replies", () => {
          return `Answers to node ${node.address} are dropped: ${config.limits.replies} wait for the radio`;
        });
      },
      onSending: (node, message) => {
        if (!config.debug || this.#isReport(message.topic)) return;
        reports.debug(`Sending to ${node.address} message ${showMessage(message)}`);
      },
      onDelivered: (node, message) => {
        node.silenceReported = false;
        if (!this.#dequeue(node, message)) return;
        node.delivered++;
        counters.deliveries.add("delivered");
      },
      onUndelivered: (node) => {
        node.undelivered++;
        this.#parts.bridge.changed();
        if (node.silenceReported) return;
        node.silenceReported = true;
        reports.error(`Peer ${node.address} not responding`);
      },
      onUndeliverable: (node, message) => {
        if (!this.#dequeue(node, message)) return;
        this.#lose(node, "too-long");
        reports.trouble("status", "message", () => {
          return `A message on ${showText(message.topic)} does not fit into the radio's frames`;
        });
      },
      onLost: (node) => {
        const first = node.queue.firstSequence;
        const count = node.queue.clear();
        for (let sequence = first; sequence < first + count; sequence++) {
          journal.add({ type: "dequeue", address: node.address, sequence });
          this.#lose(node, "lost");
        }
        reports.trouble("errors", "lost", () => {
          return `${count} messages for node ${node.address} are lost: the store does not have them`;
        });
      },
      onFailure(node, place, error) {
        const what =
          place === "radio" ? `ESPNow send to ${node.address}` : `Serving node ${node.address}: ${place}`;
        reports.trouble("errors", place, () => `${what} raised ${messageOf(error)}`);
      },
    };
  }
}

function showMessage({ topic, payload, retained }: Omit<QueuedMessage, "sequence">): string {
  return showText(JSON.stringify([topic, decodeUtf8(payload) ?? `${payload.length} bytes`, retained]));
}
