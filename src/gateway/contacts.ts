import type { ReceivedFrame } from "../device/index.ts";
import type { GatewayNode } from "./node.ts";
import type { GatewayParts } from "./parts.ts";

/** How often at most it is stored when a node was heard, in milliseconds. */
const storeIntervalMs = 60_000;

/** Notes on all books that a node was heard. */
export function noteContact(parts: GatewayParts, node: GatewayNode, frame: ReceivedFrame): void {
  const { clock, journal, presence, bridge } = parts;
  const monotonicNow = clock.monotonic();
  node
    .energyAt(clock.now())
    .heard(frame.bytes.length, node.heardAt === undefined ? Infinity : monotonicNow - node.heardAt);
  node.heard(clock.now(), monotonicNow, frame.rssi);
  presence.heard(node);
  bridge.changed(node);
  if (monotonicNow - node.contact.storedAt < storeIntervalMs || journal.overloaded) return;
  node.contact.storedAt = monotonicNow;
  journal.add({ type: "node", record: node.toRecord() });
}
