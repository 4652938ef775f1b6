import { decodeUtf8, encodeUtf8, toHex } from "../../base/index.ts";
import { type NodeBackfill, toNodeTopic } from "../../topics/index.ts";
import type { ItemRefusal, NativeEnergy } from "../../wire/index.ts";
import type { ReceivedFrame } from "../../device/index.ts";
import type { FrameOutcome, Refusal } from "../counters.ts";
import type { GatewayNode } from "../node.ts";
import { toValue } from "../node-pages.ts";
import type { NodeSubscriptions } from "../node-subscriptions.ts";
import type { GatewayParts } from "../parts.ts";
import type { Publications } from "../publications.ts";
import type { Refusals } from "../refusals.ts";
import type { ItemOutcome, NodeItem, NodeMessageOut } from "./uplink.ts";

type Publication = Extract<NodeItem, { type: "publish" }>;

/** What items stand on. */
export interface NodeItemsOptions {
  readonly parts: GatewayParts;
  readonly publications: Publications;
  readonly subscriptions: NodeSubscriptions;
  readonly refusals: Refusals;
}

/** What became of the items of a frame. */
export interface TakenItems {
  /** One for each, up to the first for which it is too early. */
  readonly outcomes: readonly ItemOutcome[];
  /** What the frame counts as. */
  readonly frame: FrameOutcome;
}

/** Does what native nodes say, item by item. */
export class NodeItems {
  readonly #parts: GatewayParts;
  readonly #publications: Publications;
  readonly #subscriptions: NodeSubscriptions;
  readonly #refusals: Refusals;

  constructor({ parts, publications, subscriptions, refusals }: NodeItemsOptions) {
    this.#parts = parts;
    this.#publications = publications;
    this.#subscriptions = subscriptions;
    this.#refusals = refusals;
  }

  /** Takes items in their order, up to the first for which it is too early. */
  take(node: GatewayNode, items: readonly NodeItem[], frame: ReceivedFrame): TakenItems {
    const outcomes: ItemOutcome[] = [];
    const newest = findNewest(items);
    let counted: FrameOutcome | undefined;
    for (const item of items) {
      const refusal = this.#takeOne(node, item, newest);
      if (refusal === undefined) {
        outcomes.push("stored");
        if (item.type === "publish") counted = "publish";
        continue;
      }
      // The frame's own bytes are encrypted: what it says is shown instead.
      const said = { ...frame, bytes: encodeUtf8(showItem(item)) };
      this.#refusals.refuse(refusal, said, node);
      counted ??= refusal;
      const isEarly = refusal === "store-slow" || refusal === "too-many-uplinks";
      outcomes.push(isEarly ? { later: "full" } : { refused: refusals[refusal] ?? "not-allowed" });
      if (isEarly) break;
    }
    return { outcomes, frame: counted ?? "uplink" };
  }

  /** Why an item is not taken; `undefined` if it is. */
  #takeOne(node: GatewayNode, item: NodeItem, newest: ReadonlySet<NodeItem>): Refusal | undefined {
    const { clock, journal, presence } = this.#parts;
    if (journal.overloaded) return "store-slow";
    switch (item.type) {
      case "publish":
        return this.#publish(node, item, newest.has(item));
      case "subscribe":
        return this.#subscriptions.subscribe(node, item.filter, item.qos);
      case "unsubscribe":
        this.#subscriptions.unsubscribe(node, item.filter);
        return undefined;
      case "contract":
        node.promised = { period: item.periodSeconds, tolerance: item.toleranceSeconds };
        presence.watch(node);
        return undefined;
      case "will":
        return this.#leaveWill(node, item.will);
      case "energy":
        noteEnergy(node, item.energy, clock.now());
        return undefined;
      default:
        return undefined;
    }
  }

  /** A reading that is not the newest of its topic would be taken for it: it is told with its time only. */
  #publish(node: GatewayNode, publication: Publication, isNewest: boolean): Refusal | undefined {
    const { topic, payload, qos, retain, ageSeconds } = publication;
    const fault = this.#publications.faultOf(topic, payload);
    if (fault) return fault;
    if (this.#publications.full) return "too-many-uplinks";
    if (isNewest) this.#publications.take(node, { topic, payload, qos, retain, durable: true });
    else node.count("uplinks");
    if (!isNewest || (ageSeconds ?? 0) > 0) this.#backfill(node, publication);
    return undefined;
  }

  #backfill(node: GatewayNode, { topic, payload, qos, ageSeconds = 0 }: Publication): void {
    const { config, clock } = this.#parts;
    const text = decodeUtf8(payload);
    const content =
      text === undefined ? { value: toHex(payload), encoding: "hex" } : { value: toValue(text) };
    const time = new Date(clock.now() - ageSeconds * 1000).toISOString();
    const backfill = { topic, ...content, time } as NodeBackfill;
    this.#publications.pass({
      topic: toNodeTopic(config.base, node.name, "backfill"),
      payload: encodeUtf8(JSON.stringify(backfill)),
      qos: qos === 2 ? 2 : 1,
      retain: false,
      durable: true,
    });
  }

  #leaveWill(node: GatewayNode, will: NodeMessageOut | undefined): Refusal | undefined {
    const fault = will && this.#publications.faultOf(will.topic, will.payload);
    if (fault) return fault;
    node.will = will && { ...will, payload: toHex(will.payload) };
    return undefined;
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
  const { batteryMillivolts: millivolts, batteryPercent: percent, ...work } = energy;
  if (millivolts !== undefined || percent !== undefined) node.battery = { percent, millivolts };
  node.energyAt(now).told(work);
}

/** An item as people can read it. */
function showItem(item: NodeItem): string {
  if (item.type === "publish") return JSON.stringify([item.topic, decodeUtf8(item.payload)]);
  return JSON.stringify("filter" in item ? [item.type, item.filter] : [item.type]);
}

const refusals: Readonly<Partial<Record<Refusal, ItemRefusal>>> = {
  "bad-topic": "bad-topic",
  "reserved-topic": "not-allowed",
  "message-too-long": "too-long",
};
