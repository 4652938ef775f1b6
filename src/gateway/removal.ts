import type { Distribution } from "./distribution.ts";
import type { GatewayNode } from "./node.ts";
import type { GatewayParts } from "./parts.ts";

/**
 * Forgets a node: what it subscribed to, what waits for it, and what is retained of it. Settles when that is journaled. Whoever
 * speaks with its address from now on is another node, of which nothing is forgotten.
 */
export async function removeNode(
  parts: GatewayParts,
  distribution: Distribution,
  node: GatewayNode,
): Promise<void> {
  const { nodes, leaving, journal, fates, bridge, events, moves, presence } = parts;
  const { routes, retained, subscriptions } = parts;
  const { address, name } = node;
  if (nodes.get(address) !== node) return;
  nodes.delete(address);
  leaving.set(address, node);
  for (const filter of node.subscriptions.keys()) {
    retained.forget(filter, node);
    if (routes.remove(filter, node)) subscriptions.drop(filter);
  }
  routes.leave(node);
  presence.forget(node);
  moves.forget(address);
  bridge.forget(node);
  events.tell({ type: "node_left", node: address, name });
  // The fates of its messages are told before the store forgets them.
  await distribution.drop(node, node.queue.first(Infinity), "removed");
  await fates.settled();
  if (leaving.get(address) === node) {
    leaving.delete(address);
    // The record of who came meanwhile has taken the place of its own.
    if (!nodes.has(address)) journal.add({ type: "remove-node", address });
  }
}
