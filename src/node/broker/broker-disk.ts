import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Database, Statement } from "node-sqlite3-wasm";
import { messageOf } from "../../base/index.ts";
import { claimFolder, type FolderClaim } from "../stores/folder-claim.ts";
import {
  inTransaction,
  isDamage,
  openDatabase,
  putAside,
  type Row,
  salvageRows,
} from "../stores/sqlite-database.ts";
import { cannotOpen, storeInUse } from "../stores/store-errors.ts";
import {
  decodeEntry,
  encodeEntry,
  type Entry,
  type EntryKind,
  statements,
  tables,
  version,
} from "./entries.ts";

/** How long a change for which nobody waits may be in memory only, in milliseconds. */
const lazyMs = 100;
/** How long after a failure the disk is tried again, in milliseconds. */
const retryMs = 1000;

/** Where a {@link BrokerDisk} is. */
export interface BrokerDiskOptions {
  /** Its folder; made if it is not there. One process at a time may have it. */
  readonly folder: string;
  /** Is told of damage and failures, a line each. */
  readonly say: (text: string) => void;
}

type Change =
  | { readonly entry: Entry }
  | {
      readonly entry?: never;
      readonly kind: EntryKind;
      readonly client: string;
      readonly key: string | number;
    };

/**
 * What the embedded broker keeps, on disk, in SQLite. Changes gather while the loop turns, and go into one commit; a commit that
 * fails is tried again until it does not.
 */
export class BrokerDisk {
  readonly #folder: string;
  readonly #path: string;
  readonly #say: (text: string) => void;
  #claim: FolderClaim | undefined;
  #database: Database | undefined;
  #put: Statement | undefined;
  #remove: Statement | undefined;
  /** What has changed since the last commit: of one thing, only what became of it. */
  #changes = new Map<string, Change>();
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  #isFailing = false;

  constructor({ folder, say }: BrokerDiskOptions) {
    this.#folder = folder;
    this.#path = join(folder, "broker.db");
    this.#say = say;
  }

  /** Whether what has changed cannot be written at present. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Everything that is kept, ordered by kind, client and key. @throws `store/in-use`, `store/cannot-open` */
  async open(): Promise<Entry[]> {
    try {
      mkdirSync(this.#folder, { recursive: true });
      this.#claim = await claimFolder(this.#folder);
    } catch (cause) {
      throw cannotOpen(this.#folder, cause);
    }
    if (!this.#claim) throw storeInUse(this.#folder);
    try {
      return this.#openOrSalvage();
    } catch (cause) {
      await this.close();
      throw cannotOpen(this.#folder, cause);
    }
  }

  /** Keeps a thing, instead of what was under its kind, client and key. */
  put(entry: Entry): void {
    this.#change(entry.kind, entry.client, entry.key, { entry });
  }

  remove(kind: EntryKind, client: string, key: string | number): void {
    this.#change(kind, client, key, { kind, client, key });
  }

  /** Settles when all changes so far are on the disk, however long that takes; never if they are given up. */
  committed(): Promise<void> {
    if (this.#changes.size === 0) return Promise.resolve();
    if (!this.#isFailing) this.#soon ??= setImmediate(() => this.#commit());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Writes what has changed, if that is possible, and lets go of the files. Closing twice does nothing. */
  async close(): Promise<void> {
    if (this.#database && this.#changes.size > 0) this.#commit();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const statement of [this.#put, this.#remove]) statement?.finalize();
    this.#put = this.#remove = undefined;
    const database = this.#database;
    this.#database = undefined;
    try {
      if (database?.isOpen) database.close();
    } catch (error) {
      this.#say(`the broker's store ${this.#path} could not be closed: ${messageOf(error)}`);
    }
    const claim = this.#claim;
    this.#claim = undefined;
    await claim?.release();
  }

  #change(kind: EntryKind, client: string, key: string | number, change: Change): void {
    this.#changes.set(JSON.stringify([kind, client, key]), change);
    this.#timer ??= setTimeout(() => this.#commit(), lazyMs);
  }

  #commit(): void {
    clearImmediate(this.#soon);
    clearTimeout(this.#timer);
    this.#soon = this.#timer = undefined;
    const database = this.#database;
    if (!database || this.#changes.size === 0) return;
    try {
      inTransaction(database, () => {
        for (const change of this.#changes.values()) {
          if (change.entry) this.#put?.run([...encodeEntry(change.entry)]);
          else this.#remove?.run([change.kind, change.client, change.key]);
        }
      });
    } catch (error) {
      if (!this.#isFailing) {
        this.#say(`the broker's store cannot be written to, and is tried again: ${messageOf(error)}`);
      }
      this.#isFailing = true;
      this.#timer = setTimeout(() => this.#commit(), retryMs);
      return;
    }
    if (this.#isFailing) this.#say("the broker's store can be written to again");
    this.#isFailing = false;
    this.#changes = new Map();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #openOrSalvage(): Entry[] {
    try {
      return this.#attempt();
    } catch (error) {
      if (!isDamage(error, this.#path)) throw error;
      const aside = putAside(this.#path);
      const saved: Entry[] = [];
      salvageRows(aside, "entry", (row) => {
        const entry = decodeEntry(row);
        if (entry) saved.push(entry);
      });
      this.#attempt();
      for (const entry of saved) this.put(entry);
      this.#commit();
      this.#say(
        `the broker's store is damaged (${messageOf(error)}): ${saved.length} whole records are kept, and it is put aside as ${aside}`,
      );
      return saved;
    }
  }

  #attempt(): Entry[] {
    const database = openDatabase({ path: this.#path, tables, version });
    this.#database = database;
    this.#put = database.prepare(statements.put);
    this.#remove = database.prepare(statements.remove);
    const entries: Entry[] = [];
    let damaged = 0;
    for (const row of database.all(`SELECT * FROM entry ORDER BY kind, client, "key"`) as Row[]) {
      const entry = decodeEntry(row);
      if (entry) entries.push(entry);
      else {
        damaged++;
        const { kind, client, key } = row;
        database.run(statements.remove, [String(kind), String(client), key as string | number]);
      }
    }
    if (damaged > 0) this.#say(`${damaged} damaged rows of the broker's store are left out`);
    return entries;
  }
}
