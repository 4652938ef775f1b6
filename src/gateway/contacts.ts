import type { ReceivedFrame } from "../device/index.ts";
import type { GatewayNode } from "./node.ts";
import type { GatewayParts } from "./parts.ts";

/** How often at most it is stored when a node was heard, in milliseconds. */
const storeIntervalMs = 60_000;

/** A node that was heard so short a time ago is in the same contact, in milliseconds: there is nothing new to note but that. */
const sameContactMs = 100;

/** Notes on all books that a node was heard. */
export function noteContact(parts: GatewayParts, node: GatewayNode, frame: ReceivedFrame): void {
  const { clock, journal, presence, bridge } = parts;
  const monotonicNow = clock.monotonic();
  const { contact } = node;
  if (monotonicNow - contact.at < sameContactMs && !contact.refused && !contact.saidGoodNight) {
    node.energyAt(0).heard(frame.bytes.length, monotonicNow - contact.at);
    contact.at = monotonicNow;
    node.heardAt = monotonicNow;
    return;
  }
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
