import type { Database } from "node-sqlite3-wasm";
import {
  digestText,
  lostNode,
  type QueueEntry,
  type StoreChange,
  type StoredNode,
  type StoredState,
  type StoredUplink,
} from "../../gateway/index.ts";
import { type Row, salvageRows } from "./sqlite-database.ts";
import { toAddress, toMessage, toRecord, toSetting, toUplink } from "./sqlite-rows.ts";
import { statements } from "./sqlite-tables.ts";

/**
 * What is in memory of each queue. A million messages are looked through without their payloads, and so without their sums:
 * one that was altered is found when it is read.
 */
function loadQueues(database: Database): Map<number, QueueEntry[]> {
  const queues = new Map<number, QueueEntry[]>();
  const rows = database.prepare(statements.summarizeQueues);
  for (const { address, id, size, flags, expires_at: expiresAt, topic } of rows.iterate() as Iterable<Row>) {
    if (typeof address !== "number" || typeof id !== "number" || typeof flags !== "number") continue;
    const entry: QueueEntry = {
      id,
      size: Number(size),
      priority: flags >> 2,
      expiresAt: typeof expiresAt === "number" ? expiresAt : Infinity,
      supersededBy: typeof topic === "string" ? digestText(topic) : 0,
    };
    const queue = queues.get(address);
    if (queue) queue.push(entry);
    else queues.set(address, [entry]);
  }
  rows.finalize();
  return queues;
}

/** Reads everything but what waits for nodes, and of that the summary; damaged rows are left out, counted and taken away. */
export function load(database: Database, say: (text: string) => void): StoredState {
  let damaged = 0;
  const nodes: StoredNode[] = [];
  const uplinks: StoredUplink[] = [];
  const queues = loadQueues(database);
  for (const row of database.all("SELECT * FROM node") as Row[]) {
    const address = Number(row["address"]);
    const record = toRecord(row);
    if (!record) damaged++;
    const waiting = queues.get(address) ?? [];
    queues.delete(address);
    const nextId = Math.max(Number(row["next_id"]), (waiting.at(-1)?.id ?? -1) + 1);
    // A node whose own record is lost still gets its messages.
    const kept = record ?? lostNode(toAddress(address));
    nodes.push({ record: kept, nextId, waiting });
  }
  // Else whoever comes with that address one day would get them.
  for (const address of queues.keys()) database.run(statements.removeQueue, [address]);
  for (const row of database.all("SELECT * FROM uplink ORDER BY sequence") as Row[]) {
    const uplink = toUplink(row);
    if (uplink) uplinks.push(uplink);
    else {
      damaged++;
      database.run(statements.endUplink, [Number(row["sequence"])]);
    }
  }
  const topics = (database.all("SELECT topic, message FROM topic") as Row[]).map(
    ({ topic, message }) => [Number(topic), Number(message)] as const,
  );
  const settings: [string, string][] = [];
  for (const row of database.all("SELECT * FROM setting") as Row[]) {
    const setting = toSetting(row);
    if (setting) settings.push(setting);
    else {
      damaged++;
      say(`what the store kept as ${String(row["name"])} is damaged: it is as if it had never been set`);
    }
  }
  if (damaged > 0) say(`${damaged} damaged rows of the store are left out`);
  return { nodes, uplinks, topics, settings, damaged };
}

/** What is whole in a damaged database, as far as it can be read. */
export function salvage(path: string): { changes: StoreChange[]; nextIds: Map<number, number> } {
  const changes: StoreChange[] = [];
  const nextIds = new Map<number, number>();
  const scan = (table: string, toChange: (row: Row) => StoreChange | undefined) => {
    salvageRows(path, table, (row) => {
      const change = toChange(row);
      if (change) changes.push(change);
    });
  };
  const known = new Set<string>();
  scan("node", (row) => {
    const record = toRecord(row);
    if (!record) return undefined;
    known.add(record.address);
    nextIds.set(Number(row["address"]), Number(row["next_id"]));
    return { type: "node", record };
  });
  scan("queue", (row) => {
    const message = toMessage(row);
    const address = toAddress(Number(row["address"]));
    if (!message) return undefined;
    if (!known.has(address)) changes.push({ type: "node", record: lostNode(address) });
    known.add(address);
    return { type: "enqueue", address, message };
  });
  scan("uplink", (row) => {
    const uplink = toUplink(row);
    return uplink && { type: "uplink", uplink };
  });
  scan("topic", ({ topic, message }) => ({ type: "topic", topic: Number(topic), message: Number(message) }));
  scan("setting", (row) => {
    const [name, value] = toSetting(row) ?? [];
    return name === undefined ? undefined : { type: "setting", name, value };
  });
  return { changes, nextIds };
}
