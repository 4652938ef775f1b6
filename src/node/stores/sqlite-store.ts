import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import sqlite, { type Database, type Statement } from "node-sqlite3-wasm";
import { defineErrors, messageOf } from "../../base/index.ts";
import {
  type GatewayStore,
  type QueuedMessage,
  type QueueEntry,
  type StoreChange,
  type StoredNode,
  type StoredState,
  type StoredUplink,
  summarizeMessage,
} from "../../gateway/index.ts";
import { claimFolder, type FolderClaim } from "./folder-claim.ts";
import {
  type Row,
  sumOf,
  toAddress,
  toColumns,
  toMessage,
  toNumber,
  toRecord,
  toSetting,
  toUplink,
} from "./sqlite-rows.ts";
import { statements, tables, version } from "./sqlite-tables.ts";

/** The errors of {@link SqliteStore}; `docs/reference/errors.md` explains them. */
export const storeErrors = defineErrors({
  "store/in-use": {
    fault: "place",
    meaning: "Another moteq has the folder of the store. End that one, or name another folder.",
  },
  "store/cannot-open": {
    fault: "place",
    meaning: "The folder of the store cannot be made, read or written.",
  },
  "store/closed": {
    fault: "caller",
    meaning: "The store was used before it was opened, or after it was closed.",
  },
});

/** Where a {@link SqliteStore} is. */
export interface SqliteStoreOptions {
  /** Its folder; made if it is not there. One process at a time may have it. */
  readonly folder: string;
  /** Is told of damage, a line each. Default: nobody is. */
  readonly say?: (text: string) => void;
}

type Statements = { readonly [Name in keyof typeof statements]: Statement };

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
        for (const [address, next] of saved.nextIds) this.#statements?.setNext.run([next, address]);
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

  readMessages(address: string, ids: readonly number[]): Promise<readonly QueuedMessage[]> {
    const key = toNumber(address);
    return this.#run((_database, { readMessage }) =>
      ids
        .map((id) => readMessage.get([key, id]) as Row | null | undefined)
        .map((row) => (row ? toMessage(row) : undefined))
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
      // What no version has ever had is damage.
      if (Number(found) > 0 && Number(found) < 1000 && Number(found) !== version)
        throw new Error(
          `it was made by another moteq (version ${Number(found)} of its tables, not ${version})`,
        );
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

/** SQLite's and our own words for what is not the file's fault. All else is: each byte of it may have been altered. */
const otherTrouble =
  /(unable to|could not) open|disk i\/o|readonly|read-only|disk is full|permission|out of memory|locked|another moteq/i;

/** Whether a file is not as it was written: a reason to put it aside. */
function isDamage(error: unknown): boolean {
  return error instanceof Error && !("code" in error) && !otherTrouble.test(error.message);
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
      const { address, ...rest } = change.record;
      const record = JSON.stringify(rest);
      prepared.putNode.run([toNumber(address), record, crc32(address + record)]);
      return;
    }
    case "enqueue": {
      const address = toNumber(change.address);
      prepared.enqueue.run([...toColumns(address, change.message)]);
      prepared.setNext.run([change.message.id + 1, address]);
      return;
    }
    case "remove-node":
      prepared.removeNode.run([toNumber(change.address)]);
      prepared.removeQueue.run([toNumber(change.address)]);
      return;
    case "setting": {
      const { name, value } = change;
      if (value === undefined) prepared.forgetSetting.run([name]);
      else prepared.putSetting.run([name, value, crc32(`${name} ${value}`)]);
      return;
    }
    case "dequeue":
      prepared.dequeue.run([toNumber(change.address), change.id]);
      return;
    case "uplink": {
      const { sequence, topic, payload, qos, retain } = change.uplink;
      const flags = qos | (retain ? 4 : 0);
      prepared.putUplink.run([sequence, flags, topic, payload, sumOf([sequence, flags, topic], payload)]);
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
  const queues = new Map<number, QueueEntry[]>();
  const bad: { address: number; id: number }[] = [];
  const all = database.prepare("SELECT * FROM queue ORDER BY address, id");
  for (const row of all.iterate() as Iterable<Row>) {
    const address = Number(row["address"]);
    const message = toMessage(row);
    if (!message) {
      bad.push({ address, id: Number(row["id"]) });
      continue;
    }
    const queue = queues.get(address);
    if (queue) queue.push(summarizeMessage(message));
    else queues.set(address, [summarizeMessage(message)]);
  }
  all.finalize();
  for (const { address, id } of bad) database.run(statements.dequeue, [address, id]);
  damaged += bad.length;
  for (const row of database.all("SELECT * FROM node") as Row[]) {
    const address = Number(row["address"]);
    const record = toRecord(row);
    if (!record) damaged++;
    const waiting = queues.get(address) ?? [];
    const nextId = Math.max(Number(row["next_id"]), (waiting.at(-1)?.id ?? -1) + 1);
    // A node whose own record is lost still gets its messages.
    const kept = record ?? { address: toAddress(address), dialect: undefined, subscriptions: [] };
    nodes.push({ record: kept, nextId, waiting });
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
  const settings: [string, string][] = [];
  for (const row of database.all("SELECT * FROM setting") as Row[]) {
    const setting = toSetting(row);
    if (setting) settings.push(setting);
    else damaged++;
  }
  if (damaged > 0) say(`${damaged} damaged rows of the store are left out`);
  return { nodes, uplinks, topics, settings, damaged };
}

/** What is whole in a damaged database, as far as it can be read. */
function salvage(path: string): { changes: StoreChange[]; nextIds: Map<number, number> } {
  const changes: StoreChange[] = [];
  const nextIds = new Map<number, number>();
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
    nextIds.set(Number(row["address"]), Number(row["next_id"]));
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
  scan("setting", (row) => {
    const [name, value] = toSetting(row) ?? [];
    return name === undefined ? undefined : { type: "setting", name, value };
  });
  return { changes, nextIds };
}
