import type { Distribution } from "./distribution.ts";
import type { GatewayNode } from "./node.ts";
import type { GatewayParts } from "./parts.ts";

/** Forgets a node: what it subscribed to, what waits for it, and what is retained of it. Settles when that is stored. */
export async function removeNode(
  parts: GatewayParts,
  distribution: Distribution,
  node: GatewayNode,
): Promise<void> {
  const { nodes, journal, bridge, events, moves, presence, routes, retained, subscriptions } = parts;
  const { address, name } = node;
  if (nodes.get(address) !== node) return;
  nodes.delete(address);
  for (const filter of node.subscriptions.keys()) {
    retained.forget(filter, node);
    if (routes.remove(filter, node)) subscriptions.drop(filter);
  }
  routes.leave(node);
  presence.forget(node);
  moves.forget(address);
  bridge.forget(node);
  // The fates of its messages are told before the store forgets them.
  await distribution.drop(node, node.queue.first(Infinity), "removed");
  journal.add({ type: "remove-node", address });
  events.tell({ type: "node_left", node: address, name });
  await journal.flushed();
}
