import { crc32 } from "node:zlib";
import type { Packet } from "aedes-persistence/asyncPersistence.js";
import type { Row } from "../stores/sqlite-database.ts";

/** What a broker keeps: a retained message, a session's subscription, message to or from its client, or will. */
export type EntryKind = "retained" | "subscription" | "outgoing" | "incoming" | "will";

/** One thing that a broker keeps, under a kind, a client and a key. */
export interface Entry {
  readonly kind: EntryKind;
  /** Whose it is; empty for a retained message. */
  readonly client: string;
  /** A topic or filter, a packet id, or a place in an order. */
  readonly key: string | number;
  /** A packet, or a subscription. */
  readonly value: Packet;
}

/** Raised whenever the table changes; a file of another version is not touched. */
export const version = 1;

/** `check` is the CRC-32 of a row's own bytes: what the disk has altered is known and left out. */
export const tables = `
CREATE TABLE IF NOT EXISTS entry (
  kind TEXT NOT NULL,
  client TEXT NOT NULL,
  "key" NOT NULL,
  value TEXT NOT NULL,
  payload BLOB,
  "check" INTEGER NOT NULL,
  PRIMARY KEY (kind, client, "key")
) WITHOUT ROWID;
`;

/** The statements that changes are made with. */
export const statements = {
  put: `INSERT OR REPLACE INTO entry (kind, client, "key", value, payload, "check") VALUES (?, ?, ?, ?, ?, ?)`,
  remove: `DELETE FROM entry WHERE kind = ? AND client = ? AND "key" = ?`,
} as const;

/** An entry as the values of its row. */
export function encodeEntry({ kind, client, key, value }: Entry) {
  const { payload, ...rest } = value;
  const bytes = payload instanceof Uint8Array ? payload : null;
  const text = JSON.stringify(bytes ? rest : value);
  return [kind, client, key, text, bytes, sumOf(kind, client, key, text, bytes)] as const;
}

/** The entry of a row; `undefined` if it is not as it was written. */
export function decodeEntry({ kind, client, key, value, payload, check }: Row): Entry | undefined {
  if (typeof kind !== "string" || typeof client !== "string" || typeof value !== "string") return undefined;
  if (typeof key !== "string" && typeof key !== "number") return undefined;
  const bytes = payload instanceof Uint8Array ? payload : null;
  if (sumOf(kind, client, key, value, bytes) !== check) return undefined;
  const rest = JSON.parse(value) as Packet;
  return {
    kind: kind as EntryKind,
    client,
    key,
    value: bytes ? { ...rest, payload: Buffer.from(bytes) } : rest,
  };
}

function sumOf(
  kind: string,
  client: string,
  key: string | number,
  text: string,
  bytes: Uint8Array | null,
): number {
  return crc32(bytes ?? "", crc32(JSON.stringify([kind, client, key, text])));
}
