import { type FileHandle, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../base/index.ts";
import {
  applyChange,
  type SessionStore,
  type StoreChange,
  type StoredMessage,
  type StoredSession,
} from "../../mqtt/index.ts";
import { storeErrors } from "./store-errors.ts";
import { claimFolder, type FolderClaim } from "./folder-claim.ts";
import { decodeRecords, encodeRecord } from "./session-record.ts";

/** Where a session is kept. */
export interface SessionStoreOptions {
  /** A folder for this session alone; made if it is not there. One process at a time may have it. */
  readonly folder: string;
  /** Is told of damage, a line each. Default: nobody is. */
  readonly say?: (text: string) => void;
}

/** A log is written anew when it is longer than this, in bytes, and mostly about what is over. */
const shortestRewritten = 1_048_576;

/**
 * Opens the store of an MQTT client's session on disk: what was accepted outlives the process and, as far as the disk
 * keeps its word, the power. It is one file to which changes are appended, with one `fdatasync` for all that came
 * together. Damaged stretches are passed over.
 *
 * @example
 * const store = await openSessionStore({ folder: "/var/lib/greenhouse/mqtt" });
 * const client = connect("mqtt://broker.example", { clientId: "greenhouse", clean: false, store });
 *
 * @throws `store/in-use`, `store/cannot-open`
 */
export async function openSessionStore({
  folder,
  say = () => {},
}: SessionStoreOptions): Promise<SessionStore> {
  let claim: FolderClaim | undefined;
  try {
    await mkdir(folder, { recursive: true });
    claim = await claimFolder(folder);
    if (!claim) throw storeErrors.create("store/in-use", `another process has the folder ${folder}`);
    return await SessionLog.open(folder, claim, say);
  } catch (cause) {
    await claim?.release();
    if (storeErrors.is(cause)) throw cause;
    const message = `the store in ${folder} cannot be opened: ${messageOf(cause)}`;
    throw storeErrors.create("store/cannot-open", message, { cause });
  }
}

class SessionLog implements SessionStore {
  readonly #folder: string;
  readonly #claim: FolderClaim;
  readonly #messages = new Map<number, StoredMessage>();
  readonly #received = new Set<number>();
  #way: number | undefined;
  #file: FileHandle | undefined;
  /** How long the log is. */
  #length = 0;
  /** How long it was when it was last written anew. */
  #lengthWhenNew = 0;

  private constructor(folder: string, claim: FolderClaim) {
    this.#folder = folder;
    this.#claim = claim;
  }

  static async open(folder: string, claim: FolderClaim, say: (text: string) => void): Promise<SessionLog> {
    const log = new SessionLog(folder, claim);
    const bytes = await readFile(log.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return new Uint8Array(0);
      throw error;
    });
    const { changes, damaged } = decodeRecords(bytes);
    for (const change of changes) log.#note(change);
    // The last record may be cut short where the process was killed in the middle of writing it.
    if (damaged > 0) say(`${damaged} damaged stretch(es) of ${log.#path} were passed over`);
    await log.#rewrite();
    return log;
  }

  load(): StoredSession {
    return { messages: [...this.#messages.values()], received: [...this.#received], way: this.#way };
  }

  async apply(changes: readonly StoreChange[]): Promise<void> {
    const file = this.#file;
    if (!file) throw storeErrors.create("store/closed", "the session's store is closed");
    const bytes = Buffer.concat(changes.map((change) => encodeRecord(change)));
    try {
      await writeAll(file, bytes, this.#length);
      await file.datasync();
    } catch (error) {
      // What came of it must not stand in the way of the next try.
      await file.truncate(this.#length).catch(() => {});
      throw error;
    }
    this.#length += bytes.length;
    for (const change of changes) this.#note(change);
    if (this.#length > shortestRewritten && this.#length > 4 * this.#lengthWhenNew) {
      // The old one is as good if there is no room for a new one.
      await this.#rewrite().catch(() => {});
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
    if (file) await this.#claim.release();
  }

  get #path(): string {
    return join(this.#folder, "session.log");
  }

  #note(change: StoreChange): void {
    if (change.type === "moved") this.#way = change.way;
    applyChange(this.#messages, this.#received, change);
  }

  /** Puts a log in place of the old one that holds only what counts. */
  async #rewrite(): Promise<void> {
    const changes: StoreChange[] = [
      ...Array.from(this.#messages.values(), (message) => ({ type: "put", message }) as const),
      ...Array.from(this.#received, (mark) => ({ type: "received", mark }) as const),
      ...(this.#way ? [{ type: "moved", way: this.#way } as const] : []),
    ];
    const bytes = Buffer.concat(changes.map((change) => encodeRecord(change)));
    const path = `${this.#path}.new`;
    const file = await open(path, "w+");
    try {
      await writeAll(file, bytes, 0);
      await file.sync();
      await rename(path, this.#path);
    } catch (error) {
      await file.close();
      await rm(path, { force: true });
      throw error;
    }
    await syncFolder(this.#folder);
    await this.#file?.close();
    this.#file = file;
    this.#length = bytes.length;
    this.#lengthWhenNew = bytes.length;
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

/** So that the new name outlives the power, too. Not every system can. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
