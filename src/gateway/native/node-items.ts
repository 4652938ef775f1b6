import { decodeUtf8, encodeUtf8, toHex } from "../../base/index.ts";
import { type NodeBackfill, toNodeTopic } from "../../topics/index.ts";
import type { ItemRefusal, NativeEnergy } from "../../wire/index.ts";
import type { Refusal } from "../counters.ts";
import type { GatewayNode } from "../node.ts";
import { toValue } from "../node-pages.ts";
import type { NodeSubscriptions } from "../node-subscriptions.ts";
import type { GatewayParts } from "../parts.ts";
import type { Publications } from "../publications.ts";
import type { ItemOutcome, NodeItem, NodeMessageOut } from "./uplink.ts";

type Publication = Extract<NodeItem, { type: "publish" }>;

/** What items stand on. */
export interface NodeItemsOptions {
  readonly parts: GatewayParts;
  readonly publications: Publications;
  readonly subscriptions: NodeSubscriptions;
}

/** Does what native nodes say, item by item. */
export class NodeItems {
  readonly #parts: GatewayParts;
  readonly #publications: Publications;
  readonly #subscriptions: NodeSubscriptions;

  constructor({ parts, publications, subscriptions }: NodeItemsOptions) {
    this.#parts = parts;
    this.#publications = publications;
    this.#subscriptions = subscriptions;
  }

  /** Takes items in their order, up to the first for which it is too early. */
  take(node: GatewayNode, items: readonly NodeItem[]): ItemOutcome[] {
    const outcomes: ItemOutcome[] = [];
    const newest = findNewest(items);
    for (const item of items) {
      const outcome = this.#takeOne(node, item, newest);
      outcomes.push(outcome);
      if (outcome !== "stored" && "later" in outcome) break;
    }
    return outcomes;
  }

  #takeOne(node: GatewayNode, item: NodeItem, newest: ReadonlySet<NodeItem>): ItemOutcome {
    const { clock, journal, presence } = this.#parts;
    if (journal.overloaded) return { later: "full" };
    switch (item.type) {
      case "publish":
        return this.#publish(node, item, newest.has(item));
      case "subscribe":
        return toOutcome(this.#subscriptions.subscribe(node, item.filter, item.qos));
      case "unsubscribe":
        this.#subscriptions.unsubscribe(node, item.filter);
        return "stored";
      case "contract":
        node.promised = { period: item.periodSeconds, tolerance: item.toleranceSeconds };
        presence.watch(node);
        return "stored";
      case "will":
        return this.#leaveWill(node, item.will);
      case "energy":
        noteEnergy(node, item.energy, clock.now());
        return "stored";
      default:
        return "stored";
    }
  }

  /** A reading that is not the newest of its topic would be taken for it: it is told with its time only. */
  #publish(node: GatewayNode, publication: Publication, isNewest: boolean): ItemOutcome {
    const { config, clock } = this.#parts;
    const { topic, payload, qos, retain, ageSeconds } = publication;
    const fault = this.#publications.faultOf(topic, payload);
    if (fault) return toOutcome(fault);
    if (this.#publications.full) return { later: "full" };
    if (isNewest) this.#publications.take(node, { topic, payload, qos, retain, durable: true });
    if (ageSeconds === undefined || ageSeconds === 0) return "stored";
    const text = decodeUtf8(payload);
    if (text === undefined) return "stored";
    const time = new Date(clock.now() - ageSeconds * 1000).toISOString();
    const backfill: NodeBackfill = { topic, value: toValue(text), time };
    this.#parts.outbox.publish({
      topic: toNodeTopic(config.base, node.name, "backfill"),
      payload: encodeUtf8(JSON.stringify(backfill)),
      qos: qos === 2 ? 2 : 1,
      retain: false,
      durable: true,
    });
    return "stored";
  }

  #leaveWill(node: GatewayNode, will: NodeMessageOut | undefined): ItemOutcome {
    const fault = will && this.#publications.faultOf(will.topic, will.payload);
    if (fault) return toOutcome(fault);
    node.will = will && { ...will, payload: toHex(will.payload) };
    return "stored";
  }
}

/** The newest reading of each topic: the last of those with the lowest age. */
function findNewest(items: readonly NodeItem[]): ReadonlySet<NodeItem> {
  const newest = new Map<string, Publication>();
  for (const item of items) {
    if (item.type !== "publish") continue;
    const before = newest.get(item.topic);
    // Without an age it is an event, not a reading: none of those may be left out.
    if (!before || (item.ageSeconds ?? 0) <= (before.ageSeconds ?? 0)) newest.set(item.topic, item);
  }
  const events = items.filter((item) => item.type === "publish" && item.ageSeconds === undefined);
  return new Set<NodeItem>([...newest.values(), ...events]);
}

function noteEnergy(node: GatewayNode, energy: NativeEnergy, now: number): void {
  const { batteryMillivolts: millivolts, batteryPercent: percent, awakeMs } = energy;
  if (millivolts !== undefined || percent !== undefined) node.battery = { percent, millivolts };
  if (awakeMs !== undefined) node.energyAt(now).toldAwake(awakeMs);
}

function toOutcome(refusal: Refusal | undefined): ItemOutcome {
  if (refusal === undefined) return "stored";
  if (refusal === "store-slow") return { later: "full" };
  return { refused: refusals[refusal] ?? "not-allowed" };
}

const refusals: Readonly<Partial<Record<Refusal, ItemRefusal>>> = {
  "bad-topic": "bad-topic",
  "reserved-topic": "not-allowed",
  "message-too-long": "too-long",
};
