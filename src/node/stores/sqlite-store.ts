import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Database, Statement } from "node-sqlite3-wasm";
import { messageOf } from "../../base/index.ts";
import type { GatewayStore, QueuedMessage, StoreChange, StoredState } from "../../gateway/index.ts";
import { claimFolder, type FolderClaim } from "./folder-claim.ts";
import { inTransaction, isDamage, openDatabase, putAside, type Row } from "./sqlite-database.ts";
import { load, salvage } from "./sqlite-load.ts";
import { sumOf, toColumns, toFlags, toMessage, toNumber } from "./sqlite-rows.ts";
import { statements, tables, version } from "./sqlite-tables.ts";
import { cannotOpen, storeErrors, storeInUse } from "./store-errors.ts";

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
      if (!isDamage(error, this.#path)) {
        await this.close();
        throw cannotOpen(this.#folder, error);
      }
      try {
        const aside = putAside(this.#path);
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
      inTransaction(database, () => {
        for (const change of changes) apply(prepared, change);
      });
    });
  }

  readMessages(address: string, ids: readonly number[]): Promise<readonly QueuedMessage[]> {
    const key = toNumber(address);
    return this.#run((_database, { readMessage }) =>
      ids
        .map((id) => readMessage.get([key, id]) as Row | null | undefined)
        .map((row) => (row ? this.#whole(row) : undefined))
        .filter((message) => message !== undefined),
    );
  }

  /** A message as it was written; one that the disk has altered is not given, and said. */
  #whole(row: Row): QueuedMessage | undefined {
    const message = toMessage(row);
    if (!message) this.#say("a message in the store is damaged: it is left out");
    return message;
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
    throw storeInUse(this.#folder);
  }

  /** Opens the database and reads what is in memory of it. */
  #attempt(): StoredState {
    try {
      this.#database = openDatabase({ path: this.#path, tables, version });
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
      const { sequence, topic, payload } = change.uplink;
      const flags = toFlags(change.uplink);
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
