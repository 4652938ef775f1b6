import type { ReceivedFrame } from "../device/index.ts";
import type { GatewayNode } from "./node.ts";
import type { GatewayParts } from "./parts.ts";

/** How often at most it is stored when a node was heard, in milliseconds. */
const storeIntervalMs = 60_000;

/** How often at most more is noted of a node that goes on sending than that it does, in milliseconds. */
const noteIntervalMs = 100;

/** Notes on all books that a node was heard. */
export function noteContact(parts: GatewayParts, node: GatewayNode, frame: ReceivedFrame): void {
  const { clock, journal, presence, bridge } = parts;
  const now = clock.now();
  const monotonicNow = clock.monotonic();
  const { contact, heardAt } = node;
  const sinceMs = heardAt === undefined ? Infinity : monotonicNow - heardAt;
  node.energyAt(now).heard(frame.bytes.length, sinceMs);
  const isNoted = monotonicNow - contact.notedAt < noteIntervalMs;
  if (isNoted && !contact.refused && !contact.saidGoodNight) {
    contact.at = monotonicNow;
    node.heardAt = monotonicNow;
    return;
  }
  contact.notedAt = monotonicNow;
  node.heard(now, monotonicNow, frame.rssi);
  presence.heard(node);
  bridge.changed(node);
  if (monotonicNow - contact.storedAt < storeIntervalMs || journal.overloaded) return;
  contact.storedAt = monotonicNow;
  journal.add({ type: "node", record: node.toRecord() });
}
