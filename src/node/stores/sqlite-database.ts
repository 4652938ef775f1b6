import { accessSync, constants, existsSync, renameSync, rmSync } from "node:fs";
import sqlite, { type Database } from "node-sqlite3-wasm";

/** A row as the engine gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** What a database is opened with. */
export interface DatabaseOptions {
  /** Its file. The caller has claimed the folder: nobody else has it open. */
  readonly path: string;
  /** The statements that make its tables where they are missing. */
  readonly tables: string;
  /** The version of the tables; a file of another version is not touched. */
  readonly version: number;
}

/** No tables will ever have so high a version: the number is damaged. */
const absurdVersion = 200;

/** Opens a database so that a commit is on the disk when it returns. @throws what the engine throws */
export function openDatabase({ path, tables, version }: DatabaseOptions): Database {
  // The engine's own lock is a folder that a killed process leaves behind; ours is the claim.
  rmSync(`${path}.lock`, { recursive: true, force: true });
  const database = new sqlite.Database(path);
  try {
    // FULL: a commit is on the disk when it returns. WAL, since this engine never takes back what a killed process has half
    // written by a rollback journal: it sees its own lock, and takes the journal for somebody's who is at work.
    database.exec(
      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY",
    );
    const { user_version: found } = database.get("PRAGMA user_version") as Row;
    if (Number(found) > absurdVersion) throw new Error(`malformed version ${Number(found)}`);
    if (Number(found) !== 0 && Number(found) !== version)
      throw new Error(
        `it was made by another moteq (version ${Number(found)} of its tables, not ${version})`,
      );
    database.exec(`${tables} PRAGMA user_version = ${version}`);
    // The structure and its order; the rows have their own sums.
    const { integrity_check: verdict } = database.get("PRAGMA integrity_check(1)") as Row;
    if (verdict !== "ok") throw new Error(`database is malformed: ${String(verdict)}`);
    return database;
  } catch (error) {
    try {
      database.close();
    } catch {
      // Why it could not be opened says more.
    }
    throw error;
  }
}

/** Makes changes together: all of them or none. @throws what the engine throws */
export function inTransaction(database: Database, work: () => void): void {
  database.exec("BEGIN");
  try {
    work();
    database.exec("COMMIT");
  } catch (error) {
    // What it has undone by itself needs no more.
    if (database.inTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** SQLite's and our own words for what is not the file's fault. All else is: each byte of it may have been altered. */
const otherTrouble =
  /(unable to|could not) open|disk i\/o|readonly|read-only|disk is full|permission|out of memory|locked|another moteq|later moteq/i;

/** Whether a file is not as it was written: a reason to put it aside. */
export function isDamage(error: unknown, path: string): boolean {
  if (!(error instanceof Error) || "code" in error) return false;
  // A bit of the file's head makes it read-only for the engine.
  if (/readonly database/i.test(error.message)) return isWritable(path);
  return !otherTrouble.test(error.message);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Moves a damaged database out of the way; returns its new path. */
export function putAside(path: string): string {
  const aside = `${path}.damaged-${Date.now()}`;
  renameSync(path, aside);
  // What was committed last may stand there alone.
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${aside}-wal`);
  return aside;
}

/** Gives each row of a table of a damaged database, as far as they can be reached. */
export function salvageRows(path: string, table: string, onRow: (row: Row) => void): void {
  try {
    const database = new sqlite.Database(path);
    const rows = database.prepare(`SELECT * FROM ${table}`);
    try {
      for (const row of rows.iterate() as Iterable<Row>) onRow(row);
    } finally {
      rows.finalize();
      database.close();
    }
  } catch {
    // What stands behind the damage cannot be reached.
  }
  rmSync(`${path}.lock`, { recursive: true, force: true });
}
