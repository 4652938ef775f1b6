import { crc32 } from "node:zlib";
import type { NodeRecord, QueuedMessage, StoredUplink } from "../../gateway/index.ts";
import type { Row } from "./sqlite-database.ts";

// How records are written into the columns of the database, and read out of them: whole, or not at all.

/** The columns of a message that waits, in the order of the table. */
export function toColumns(
  address: number,
  message: QueuedMessage,
): readonly (number | string | Uint8Array | null)[] {
  const { id, queuedAt, expiresAt, retained, latest, priority, transaction, topic, payload } = message;
  const flags = (retained ? 1 : 0) | (latest ? 2 : 0) | (priority << 2);
  const columns = [address, id, queuedAt, expiresAt ?? null, flags, transaction ?? null, topic] as const;
  return [...columns, payload, sumOf(columns, payload)];
}

export function toMessage(row: Row): QueuedMessage | undefined {
  const {
    address,
    id,
    queued_at: queuedAt,
    expires_at: expiresAt,
    flags,
    handle,
    topic,
    payload,
    check,
  } = row;
  if (typeof id !== "number" || typeof queuedAt !== "number" || typeof flags !== "number") return undefined;
  if (typeof topic !== "string" || !(payload instanceof Uint8Array)) return undefined;
  if (sumOf([address, id, queuedAt, expiresAt, flags, handle, topic], payload) !== check) return undefined;
  return {
    id,
    topic,
    payload,
    queuedAt,
    retained: (flags & 1) !== 0,
    latest: (flags & 2) !== 0,
    priority: flags >> 2,
    expiresAt: typeof expiresAt === "number" ? expiresAt : undefined,
    transaction: typeof handle === "string" ? handle : undefined,
  };
}

/** Everything of a publication that fits into one number: QoS (3), retain (4), released (8), and from 16 on the packet id. */
export function toFlags({ qos, retain, released = false, packetId = 0 }: StoredUplink): number {
  return qos | (retain ? 4 : 0) | (released ? 8 : 0) | (packetId << 4);
}

export function toUplink({ sequence, flags, topic, payload, check }: Row): StoredUplink | undefined {
  if (typeof sequence !== "number" || typeof flags !== "number" || (flags & 3) > 2) return undefined;
  if (typeof topic !== "string" || !(payload instanceof Uint8Array)) return undefined;
  if (sumOf([sequence, flags, topic], payload) !== check) return undefined;
  const uplink = { sequence, topic, payload, qos: (flags & 3) as 0 | 1 | 2, retain: (flags & 4) !== 0 };
  return flags < 8 ? uplink : { ...uplink, released: (flags & 8) !== 0, packetId: flags >> 4 };
}

export function toSetting({ name, value, check }: Row): [string, string] | undefined {
  if (typeof name !== "string" || typeof value !== "string") return undefined;
  return crc32(`${name} ${value}`) === check ? [name, value] : undefined;
}

export function toRecord({ address, record, check }: Row): NodeRecord | undefined {
  const text = toAddress(Number(address));
  if (typeof record !== "string" || crc32(text + record) !== check) return undefined;
  return { address: text, ...(JSON.parse(record) as Omit<NodeRecord, "address">) };
}

export function sumOf(columns: readonly unknown[], payload: Uint8Array): number {
  return crc32(payload, crc32(columns.join(" ")));
}

export function toNumber(address: string): number {
  return Number.parseInt(address, 16);
}

export function toAddress(number: number): string {
  return number.toString(16).padStart(12, "0");
}
