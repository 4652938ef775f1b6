import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import sqlite, { type Database, type Statement } from "node-sqlite3-wasm";
import { messageOf } from "../../base/index.ts";
import type {
  GatewayStore,
  NodeRecord,
  QueuedMessage,
  StoreChange,
  StoredNode,
  StoredState,
  StoredUplink,
} from "../../gateway/index.ts";
import { storeErrors } from "./errors.ts";
import { claimFolder, type FolderClaim } from "./folder-claim.ts";
import { statements, tables, version } from "./sqlite-tables.ts";

/** Where a {@link SqliteStore} is. */
export interface SqliteStoreOptions {
  /** Its folder; made if it is not there. One process at a time may have it. */
  readonly folder: string;
  /** Is told of damage, a line each. Default: nobody is. */
  readonly say?: (text: string) => void;
}

type Statements = { readonly [Name in keyof typeof statements]: Statement };
type Row = Readonly<Record<string, unknown>>;

/**
 * The gateway's store on disk, in SQLite: what was committed outlives the process and the power. A row that the disk has
 * altered is left out; a damaged database is put aside, and a new one begun with what is whole of it.
 */
export class SqliteStore implements GatewayStore {
  readonly #folder: string;
  readonly #path: string;
  readonly #say: (text: string) => void;
  #claim: FolderClaim | undefined;
  #database: Database | undefined;
  #statements: Statements | undefined;

  constructor({ folder, say = () => {} }: SqliteStoreOptions) {
    this.#folder = folder;
    this.#path = join(folder, "gateway.db");
    this.#say = say;
  }

  /** @throws `store/in-use`, `store/cannot-open` */
  async open(): Promise<StoredState> {
    await this.#claimFolder();
    try {
      return this.#attempt();
    } catch (error) {
      if (!isDamage(error)) {
        await this.close();
        throw cannotOpen(this.#folder, error);
      }
      const aside = `${this.#path}.damaged-${Date.now()}`;
      try {
        renameSync(this.#path, aside);
        rmSync(`${this.#path}-journal`, { force: true });
        this.#attempt();
        const saved = salvage(aside);
        await this.commit(saved.changes);
        for (const [address, next] of saved.nextSequences) this.#statements?.setNext.run([next, address]);
        this.#closeDatabase();
        const why = messageOf(error);
        this.#say(
          `the store is damaged (${why}): ${saved.changes.length} whole records are kept, and it is put aside as ${aside}`,
        );
        return this.#attempt();
      } catch (cause) {
        await this.close();
        throw cannotOpen(this.#folder, cause);
      }
    }
  }

  commit(changes: readonly StoreChange[]): Promise<void> {
    return this.#run((database, prepared) => {
      database.exec("BEGIN");
      try {
        for (const change of changes) apply(prepared, change);
        database.exec("COMMIT");
      } catch (error) {
        // What it has undone by itself needs no more.
        if (database.inTransaction) database.exec("ROLLBACK");
        throw error;
      }
    });
  }

  readQueue(address: string, limit: number): Promise<readonly QueuedMessage[]> {
    return this.#run((_database, { readQueue }) =>
      readQueue
        .all([toNumber(address), limit])
        .map((row) => toMessage(row))
        .filter((message) => message !== undefined),
    );
  }

  async close(): Promise<void> {
    this.#closeDatabase();
    const claim = this.#claim;
    this.#claim = undefined;
    await claim?.release();
  }

  async #run<T>(work: (database: Database, prepared: Statements) => T): Promise<T> {
    if (this.#database && this.#statements) return work(this.#database, this.#statements);
    throw storeErrors.create("store/closed", `the store in ${this.#folder} is not open`);
  }

  async #claimFolder(): Promise<void> {
    if (this.#claim) return;
    try {
      mkdirSync(this.#folder, { recursive: true });
      this.#claim = await claimFolder(this.#folder);
    } catch (cause) {
      throw cannotOpen(this.#folder, cause);
    }
    if (this.#claim) return;
    throw storeErrors.create("store/in-use", `the store in ${this.#folder} is in use: another moteq has it`);
  }

  /** Opens the database and reads what is in memory of it. */
  #attempt(): StoredState {
    // The engine's own lock is a folder that a killed process leaves behind; ours is the claim.
    rmSync(`${this.#path}.lock`, { recursive: true, force: true });
    try {
      this.#database = new sqlite.Database(this.#path);
      // FULL: a commit is on the disk when it returns. PERSIST: the rollback journal is not made anew for each.
      this.#database.exec(
        "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=PERSIST; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY",
      );
      const { user_version: found } = this.#database.get("PRAGMA user_version") as Row;
      if (Number(found) > version)
        throw new Error(`it was made by a later moteq (version ${Number(found)} of its tables)`);
      this.#database.exec(`${tables} PRAGMA user_version = ${version}`);
      const state = load(this.#database, this.#say);
      this.#statements = prepareAll(this.#database);
      return state;
    } catch (error) {
      this.#closeDatabase();
      throw error;
    }
  }

  #closeDatabase(): void {
    const database = this.#database;
    for (const statement of Object.values(this.#statements ?? {})) statement.finalize();
    this.#statements = undefined;
    this.#database = undefined;
    if (!database?.isOpen) return;
    try {
      database.close();
    } catch (error) {
      this.#say(`the store ${this.#path} could not be closed: ${messageOf(error)}`);
    }
  }
}

/** SQLite's words for a file that is not as it was written. Nothing else is a reason to put it aside. */
function isDamage(error: unknown): boolean {
  return /malformed|not a database|corrupt/i.test(messageOf(error));
}

function cannotOpen(folder: string, cause: unknown): Error {
  return storeErrors.create(
    "store/cannot-open",
    `the store in ${folder} cannot be opened: ${messageOf(cause)}`,
    {
      cause,
    },
  );
}

function prepareAll(database: Database): Statements {
  const entries = Object.entries(statements).map(([name, text]) => [name, database.prepare(text)] as const);
  return Object.fromEntries(entries) as Record<keyof typeof statements, Statement>;
}

function apply(prepared: Statements, change: StoreChange): void {
  switch (change.type) {
    case "node": {
      const { address, dialect, subscriptions } = change.record;
      const record = JSON.stringify({ dialect, subscriptions });
      prepared.putNode.run([toNumber(address), record, crc32(address + record)]);
      return;
    }
    case "enqueue": {
      const { sequence, queuedAt, retained, topic, payload } = change.message;
      const address = toNumber(change.address);
      const sum = sumOf(address, sequence, retained ? 1 : 0, topic, payload);
      prepared.enqueue.run([address, sequence, queuedAt, retained ? 1 : 0, topic, payload, sum]);
      prepared.setNext.run([sequence + 1, address]);
      return;
    }
    case "dequeue":
      prepared.dequeue.run([toNumber(change.address), change.sequence]);
      return;
    case "uplink": {
      const { sequence, topic, payload, qos, retain } = change.uplink;
      const flags = qos | (retain ? 4 : 0);
      prepared.putUplink.run([sequence, flags, topic, payload, sumOf(0, sequence, flags, topic, payload)]);
      return;
    }
    case "uplink-done":
      prepared.endUplink.run([change.sequence]);
      return;
    case "topic":
      if (change.message === undefined) prepared.forgetTopic.run([change.topic]);
      else prepared.putTopic.run([change.topic, change.message]);
  }
}

function load(database: Database, say: (text: string) => void): StoredState {
  // The structure and its order; the rows have their own sums.
  const { integrity_check: verdict } = database.get("PRAGMA integrity_check(1)") as Row;
  if (verdict !== "ok") throw new Error(`database is malformed: ${String(verdict)}`);
  let damaged = 0;
  const nodes: StoredNode[] = [];
  const uplinks: StoredUplink[] = [];
  const queues = new Map<number, { sequences: number[]; sizes: number[] }>();
  const bad: { address: number; sequence: number }[] = [];
  const all = database.prepare("SELECT * FROM queue ORDER BY address, sequence");
  for (const row of all.iterate() as Iterable<Row>) {
    const address = Number(row["address"]);
    const message = toMessage(row);
    if (!message) {
      bad.push({ address, sequence: Number(row["sequence"]) });
      continue;
    }
    const queue = queues.get(address) ?? { sequences: [], sizes: [] };
    queues.set(address, queue);
    queue.sequences.push(message.sequence);
    queue.sizes.push(Buffer.byteLength(message.topic) + message.payload.length);
  }
  all.finalize();
  for (const { address, sequence } of bad) database.run(statements.dequeue, [address, sequence]);
  damaged += bad.length;
  for (const row of database.all("SELECT * FROM node") as Row[]) {
    const address = Number(row["address"]);
    const record = toRecord(row);
    if (!record) damaged++;
    const queue = queues.get(address) ?? { sequences: [], sizes: [] };
    const next = Math.max(Number(row["next_sequence"]), (queue.sequences.at(-1) ?? -1) + 1);
    const firstSequence = closeGaps(database, address, queue.sequences, next);
    // A node whose own record is lost still gets its messages.
    const kept = record ?? { address: toAddress(address), dialect: undefined, subscriptions: [] };
    nodes.push({ record: kept, firstSequence, sizes: queue.sizes });
  }
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
  if (damaged > 0) say(`${damaged} damaged rows of the store are left out`);
  return { nodes, uplinks, topics, damaged };
}

/**
 * A queue's numbers rise one by one; where a damaged message left a gap, those before it move up.
 *
 * @returns the first number
 */
function closeGaps(database: Database, address: number, sequences: readonly number[], next: number): number {
  const first = next - sequences.length;
  for (const [index, sequence] of [...sequences.entries()].toReversed()) {
    const wanted = first + index;
    if (wanted === sequence) continue;
    const row = database.get("SELECT * FROM queue WHERE address = ? AND sequence = ?", [
      address,
      sequence,
    ]) as Row;
    const message = toMessage(row);
    if (!message) continue;
    const { queuedAt, retained, topic, payload } = message;
    const sum = sumOf(address, wanted, retained ? 1 : 0, topic, payload);
    database.run(statements.dequeue, [address, sequence]);
    database.run(statements.enqueue, [address, wanted, queuedAt, retained ? 1 : 0, topic, payload, sum]);
  }
  return first;
}

/** What is whole in a damaged database, as far as it can be read. */
function salvage(path: string): { changes: StoreChange[]; nextSequences: Map<number, number> } {
  const changes: StoreChange[] = [];
  const nextSequences = new Map<number, number>();
  const scan = (table: string, toChange: (row: Row) => StoreChange | undefined) => {
    try {
      const database = new sqlite.Database(path);
      const rows = database.prepare(`SELECT * FROM ${table}`);
      try {
        for (const row of rows.iterate() as Iterable<Row>) {
          const change = toChange(row);
          if (change) changes.push(change);
        }
      } finally {
        rows.finalize();
        database.close();
      }
    } catch {
      // What stands behind the damage cannot be reached.
    }
    rmSync(`${path}.lock`, { recursive: true, force: true });
  };
  const known = new Set<string>();
  scan("node", (row) => {
    const record = toRecord(row);
    if (!record) return undefined;
    known.add(record.address);
    nextSequences.set(Number(row["address"]), Number(row["next_sequence"]));
    return { type: "node", record };
  });
  scan("queue", (row) => {
    const message = toMessage(row);
    const address = toAddress(Number(row["address"]));
    if (!message) return undefined;
    if (!known.has(address))
      changes.push({ type: "node", record: { address, dialect: undefined, subscriptions: [] } });
    known.add(address);
    return { type: "enqueue", address, message };
  });
  scan("uplink", (row) => {
    const uplink = toUplink(row);
    return uplink && { type: "uplink", uplink };
  });
  scan("topic", ({ topic, message }) => ({ type: "topic", topic: Number(topic), message: Number(message) }));
  return { changes, nextSequences };
}

function toMessage(row: Row): QueuedMessage | undefined {
  const { address, sequence, queued_at: queuedAt, retained, topic, payload, check } = row;
  if (typeof sequence !== "number" || typeof queuedAt !== "number" || typeof retained !== "number")
    return undefined;
  if (typeof topic !== "string" || !(payload instanceof Uint8Array)) return undefined;
  if (sumOf(Number(address), sequence, retained, topic, payload) !== check) return undefined;
  return { sequence, topic, payload, retained: retained === 1, queuedAt };
}

function toUplink({ sequence, flags, topic, payload, check }: Row): StoredUplink | undefined {
  if (typeof sequence !== "number" || typeof flags !== "number" || (flags & 3) > 2) return undefined;
  if (typeof topic !== "string" || !(payload instanceof Uint8Array)) return undefined;
  if (sumOf(0, sequence, flags, topic, payload) !== check) return undefined;
  return { sequence, topic, payload, qos: (flags & 3) as 0 | 1 | 2, retain: (flags & 4) !== 0 };
}

function toRecord({ address, record, check }: Row): NodeRecord | undefined {
  const text = toAddress(Number(address));
  if (typeof record !== "string" || crc32(text + record) !== check) return undefined;
  const { dialect, subscriptions } = JSON.parse(record) as Pick<NodeRecord, "dialect" | "subscriptions">;
  return { address: text, dialect, subscriptions };
}

function sumOf(address: number, sequence: number, flags: number, topic: string, payload: Uint8Array): number {
  return crc32(payload, crc32(`${address} ${sequence} ${flags} ${topic}`));
}

function toNumber(address: string): number {
  return Number.parseInt(address, 16);
}

function toAddress(number: number): string {
  return number.toString(16).padStart(12, "0");
}
