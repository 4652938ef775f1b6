import { type Clock, encodeUtf8, messageOf } from "../base/index.ts";
import { type NodeFate, toNodeTopic } from "../topics/index.ts";
import type { BrokerLink } from "./broker-link.ts";
import type { GatewayConfig } from "./config.ts";
import type { DeliveryOutcome, GatewayCounters } from "./counters.ts";
import type { Journal } from "./journal.ts";
import type { GatewayNode } from "./node.ts";
import type { Outbox } from "./outbox.ts";
import type { Reports } from "./reports.ts";
import type { GatewayStore, QueuedMessage } from "./store.ts";

/** How a message ends for a node. */
export type End = Exclude<DeliveryOutcome, "queued">;

/** What is told of a message. */
export type FateSubject = Partial<Pick<QueuedMessage, "id" | "topic" | "transaction">>;

/** What fates stand on. */
export interface FatesOptions {
  readonly config: GatewayConfig;
  readonly clock: Clock;
  readonly link: BrokerLink;
  readonly store: GatewayStore;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly counters: GatewayCounters;
  readonly reports: Reports;
}

/**
 * What becomes of each message for a node, counted and told on `moteq/<node>/fate`. How one ends is told although broker or
 * gateway are away meanwhile: the end is journaled in one batch with what is said of it.
 */
export class Fates {
  readonly #options: FatesOptions;
  /** Ends that wait for the broker. */
  #waiting = 0;
  /** What is being read of messages that have ended. */
  readonly #readings = new Set<Promise<void>>();

  constructor(options: FatesOptions) {
    this.#options = options;
  }

  /** A message waits for its node from now on. */
  queued(node: GatewayNode, message: QueuedMessage): void {
    this.#options.counters.deliveries.add("queued");
    this.#tellNow(node, "queued", message);
  }

  /** A message is on its way to the node; whether it arrived is not known yet. */
  sent(node: GatewayNode, message: QueuedMessage): void {
    this.#tellNow(node, "sent", message);
  }

  /** A message never got into the queue. */
  refused(node: GatewayNode, end: End, subject: FateSubject): void {
    this.#count(node, end);
    this.#tellEnd(node, subject, "refused", end);
  }

  /** A message that had been taken off the queue has met its end. */
  ended(node: GatewayNode, end: End, message: FateSubject & { readonly id: number }): void {
    this.#count(node, end);
    this.#options.journal.add({ type: "dequeue", address: node.address, id: message.id });
    const { fate, reason } = fateOf[end];
    this.#tellEnd(node, message, fate, reason);
  }

  /**
   * The same for messages of which only the numbers are known: what else is told of them is read first. A crash before that
   * brings them back into the queue, where they meet the same end again. Settles when it is journaled; never rejects.
   */
  async endedUnread(node: GatewayNode, end: End, ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    if (!this.#options.config.fates) {
      for (const id of ids) this.ended(node, end, { id });
      return;
    }
    const reading = this.#readAndEnd(node, end, ids);
    this.#readings.add(reading);
    await reading;
    this.#readings.delete(reading);
  }

  /** Settles when all is journaled that has ended so far. */
  async settled(): Promise<void> {
    await Promise.all(this.#readings);
  }

  /** Never rejects. */
  async #readAndEnd(node: GatewayNode, end: End, ids: readonly number[]): Promise<void> {
    const { store, journal, reports } = this.#options;
    let messages: readonly QueuedMessage[] = [];
    try {
      await journal.attempted();
      messages = await store.readMessages(node.address, ids);
    } catch (error) {
      reports.trouble("errors", "store", () => `The store cannot be read: ${messageOf(error)}`);
    }
    const byId = new Map(messages.map((message) => [message.id, message]));
    for (const id of ids) this.ended(node, end, byId.get(id) ?? { id });
  }

  #count(node: GatewayNode, end: End): void {
    this.#options.counters.deliveries.add(end);
    node.count(end === "acknowledged" ? "delivered" : "dropped");
  }

  #tellNow(node: GatewayNode, fate: "queued" | "sent", message: QueuedMessage): void {
    const { config, link } = this.#options;
    if (!config.fates || !link.connected) return;
    // One that gets lost is told by the next, and at last by the end.
    link.publish(this.#topicOf(node), this.#write(fate, undefined, message)).catch(ignore);
  }

  #tellEnd(node: GatewayNode, subject: FateSubject, fate: NodeFate["fate"], reason?: string): void {
    const { config, outbox, counters, reports } = this.#options;
    if (!config.fates) return;
    if (this.#waiting >= config.limits.fates) {
      counters.fates.add("dropped");
      reports.trouble("status", "fates", () => {
        return `Fates of messages are not told: ${config.limits.fates} wait for the broker`;
      });
      return;
    }
    this.#waiting++;
    counters.fates.add("told");
    outbox.publish(
      {
        topic: this.#topicOf(node),
        payload: encodeUtf8(this.#write(fate, reason, subject)),
        qos: 1,
        retain: false,
      },
      { onDone: () => this.#waiting-- },
    );
  }

  #topicOf(node: GatewayNode): string {
    return toNodeTopic(this.#options.config.base, node.name, "fate");
  }

  #write(fate: NodeFate["fate"], reason: string | undefined, subject: FateSubject): string {
    const { id, topic, transaction } = subject;
    const at = new Date(this.#options.clock.now()).toISOString();
    return JSON.stringify({ id, topic, fate, reason, transaction, at } satisfies NodeFate);
  }
}

/** What is told of a message that had been queued. */
const fateOf: Readonly<Record<End, { fate: NodeFate["fate"]; reason?: string }>> = {
  acknowledged: { fate: "acknowledged" },
  superseded: { fate: "superseded" },
  expired: { fate: "expired" },
  "queue-full": { fate: "dropped", reason: "queue-full" },
  flushed: { fate: "dropped", reason: "flushed" },
  removed: { fate: "dropped", reason: "node-removed" },
  lost: { fate: "dropped", reason: "lost" },
  "too-long": { fate: "dropped", reason: "too-long" },
  "store-slow": { fate: "dropped", reason: "store-slow" },
};

function ignore(): void {}
