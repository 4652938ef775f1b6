import { broadcastAddress, isMacAddress, type MacAddress } from "../device/index.ts";
import type { Refusal } from "./counters.ts";
import { GatewayNode } from "./node.ts";
import type { GatewayParts } from "./parts.ts";

/** Makes senders known, or says why not. */
export class Admission {
  readonly #parts: GatewayParts;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** Makes a sender a node. */
  meet(source: MacAddress): GatewayNode | Refusal {
    const { config, nodes, radio, routes, retained, subscriptions, journal } = this.#parts;
    if (!isMacAddress(source) || source === broadcastAddress || source === radio.address)
      return "bad-address";
    if (nodes.size >= config.limits.nodes) return "too-many-nodes";
    if (journal.overloaded) return "store-slow";
    const node = new GatewayNode(source, config.nodes[source]);
    nodes.set(source, node);
    routes.join(node);
    retained.wait(config.pub_all.topic, node);
    subscriptions.want(config.pub_all.topic, config.pub_all.qos);
    journal.add({ type: "node", record: node.toRecord() });
    return node;
  }
}
