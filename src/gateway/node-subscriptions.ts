import type { QoS } from "./broker-link.ts";
import type { Refusal } from "./counters.ts";
import type { GatewayNode } from "./node.ts";
import { faultOfSubscribeFilter } from "./node-topic.ts";
import type { GatewayParts } from "./parts.ts";

/** What nodes subscribe to. */
export class NodeSubscriptions {
  readonly #parts: GatewayParts;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** Subscribes a node; why not, or `undefined`. */
  subscribe(node: GatewayNode, filter: string, qos: QoS): Refusal | undefined {
    const { config, routes, retained, subscriptions, journal } = this.#parts;
    const fault = faultOfSubscribeFilter(filter);
    if (fault) return fault;
    const before = node.subscriptions.get(filter);
    // Sleepers subscribe anew at each wake: that changes nothing, and brings no retained messages again.
    if (before === qos) return undefined;
    if (before === undefined && node.subscriptions.size >= config.limits.subscriptions) {
      return "too-many-subscriptions";
    }
    if (journal.overloaded) return "store-slow";
    node.subscribe(filter, qos);
    routes.add(filter, node);
    if (before === undefined) retained.wait(filter, node);
    subscriptions.want(filter, qos);
    journal.add({ type: "node", record: node.toRecord() });
    return undefined;
  }

  unsubscribe(node: GatewayNode, filter: string): void {
    const { routes, retained, subscriptions, journal } = this.#parts;
    if (!node.unsubscribe(filter)) return;
    retained.forget(filter, node);
    if (routes.remove(filter, node)) subscriptions.drop(filter);
    journal.add({ type: "node", record: node.toRecord() });
  }
}
