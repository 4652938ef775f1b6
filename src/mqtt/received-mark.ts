import type { PublishPacket } from "./packets.ts";

const ids = 0x1_0000;
const fingerprints = 0x1_0000_0000;

/**
 * What a message received at QoS 2 is known by until the broker releases it, as one whole number below 2^53: its packet
 * id in the lowest 16 bits, then 32 of a fingerprint of its content, 0 for none, and 5 for the way to the broker it came by. The id alone does
 * not tell: a broker that has fallen back to an older state gives the same id to another message.
 */
export function markOf({ packetId, topic, payload }: PublishPacket, way: number): number {
  // FNV-1a. Topics differ in text, so that their UTF-16 units do as well as their bytes.
  let hash = 0x811c_9dc5;
  for (let index = 0; index < topic.length; index++)
    hash = Math.imul(hash ^ topic.charCodeAt(index), 0x0100_0193);
  for (const byte of payload) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return ((way % 32) * fingerprints + (hash >>> 0 || 1)) * ids + packetId;
}

/** The part of a mark that no two messages have at once: way and packet id. */
export function placeOf(mark: number): number {
  return Math.floor(mark / ids / fingerprints) * ids + (mark % ids);
}

/** Whether a mark has a fingerprint: those of earlier versions' stores have none. */
export function hasFingerprint(mark: number): boolean {
  return Math.floor(mark / ids) % fingerprints > 0;
}
