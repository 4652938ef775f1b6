import { messageOf } from "../../base/index.ts";
import {
  applyChange,
  type SessionStore,
  type StoreChange,
  type StoredMessage,
  type StoredSession,
} from "../../mqtt/index.ts";
import { openDiskFolder } from "./disk-folder.ts";
import { createLogKey, encodeFrame, encodeHeader, type LogKey, logFormat, readLog } from "./framed-log.ts";
import { decodeRecord, encodeRecord } from "./session-record.ts";
import { cannotOpen, storeErrors } from "./store-errors.ts";
import { type StoreFile, type StoreFolder, writeAll } from "./store-folder.ts";

/** Where a session is kept. */
export interface SessionStoreOptions {
  /**
   * A folder for this session alone, on a disk of this machine; made if it is not there. One process at a time may have
   * it.
   */
  readonly folder: string;
  /** Is told of damage, a line each. Default: nobody is. */
  readonly say?: (text: string) => void;
}

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
  folder: path,
  say = () => {},
}: SessionStoreOptions): Promise<SessionStore> {
  let folder: StoreFolder | undefined;
  try {
    folder = await openDiskFolder(path);
    return await SessionLog.open(folder, say);
  } catch (cause) {
    await folder?.close();
    throw storeErrors.is(cause) ? cause : cannotOpen(path, cause);
  }
}

const name = "session.log";
const newName = `${name}.new`;
const asideName = `${name}.damaged`;
const spareName = `${name}.spare`;

/** So much room is kept back, in bytes, for what has to be noted on a full disk: that messages are sent, and done. */
const spareLength = 65_536;

/** A log is written anew when it is longer than this, in bytes, and mostly about what is over. */
const shortestRewritten = 1_048_576;
/** So much is written at once, in bytes. */
const pieceLength = 1_048_576;

/** A session in a log, in a folder that is its alone. */
export class SessionLog implements SessionStore {
  readonly #folder: StoreFolder;
  #messages = new Map<number, StoredMessage>();
  #received = new Set<number>();
  /** Between the client and which broker the session is. */
  #way: number | undefined;
  #file: StoreFile | undefined;
  #key: LogKey = createLogKey();
  /** How long the log is. */
  #length = 0;
  /** How long it was when it was last written anew. */
  #lengthWhenNew = 0;
  /** Whether the log stands, for certain, on the disk as it should. */
  #isSound = true;
  #hasSpare = false;
  #isApplying = false;

  private constructor(folder: StoreFolder) {
    this.#folder = folder;
  }

  /**
   * @param folder is the log's from then on, and closed with it
   * @throws what the folder throws, and an error where a log is of another format
   */
  static async open(folder: StoreFolder, say: (text: string) => void): Promise<SessionLog> {
    const log = new SessionLog(folder);
    try {
      await log.#read(say);
      await log.#rewrite([]).catch((error: unknown) => {
        if (!log.#file) throw error;
        // It can be gone on with as it is.
        say(`${name} could not be put in order: ${messageOf(error)}`);
      });
    } catch (error) {
      await log.#file?.close();
      throw error;
    }
    return log;
  }

  load(): StoredSession {
    return { messages: [...this.#messages.values()], received: [...this.#received], way: this.#way };
  }

  async apply(changes: readonly StoreChange[]): Promise<void> {
    if (!this.#file) throw storeErrors.create("store/closed", "the session's store is closed");
    if (this.#isApplying) {
      const message = "the session's store was given changes while it wrote others: two clients share it";
      throw storeErrors.create("store/shared", message);
    }
    this.#isApplying = true;
    try {
      await this.#apply(changes);
    } finally {
      this.#isApplying = false;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    if (!file) return;
    this.#file = undefined;
    await file.close();
    await this.#folder.close();
  }

  /** Takes up the log of an earlier life. */
  async #read(say: (text: string) => void): Promise<void> {
    const file = await this.#folder.open(name);
    if (!file) return;
    this.#file = file;
    const { format, damaged, torn, end, key } = await readLog(file, (record) => {
      const change = decodeRecord(record);
      if (change) this.#note(change);
      return change !== undefined;
    });
    if (format === undefined) {
      say(`${name} is no session log, or damaged at its beginning: it is put aside as ${asideName}`);
      this.#file = undefined;
      await file.close();
      return this.#folder.rename(name, asideName);
    }
    if (!key) {
      throw new Error(
        `${name} was written by another moteq (its format is ${format}, not ${logFormat}): let that one deliver what ` +
          "is left, or move the file away",
      );
    }
    if (damaged > 0) say(`${damaged} damaged stretch(es) of ${name} were passed over`);
    if (torn) {
      say(`the end of ${name} is cut off, as by a kill: what stood there is left out`);
      await file.truncate(end);
    }
    this.#adopt(file, key, end);
  }

  #note(change: StoreChange): void {
    if (change.type === "moved") this.#way = change.way;
    applyChange(this.#messages, this.#received, change);
  }

  async #apply(changes: readonly StoreChange[]): Promise<void> {
    const puts = changes.some(({ type }) => type === "put");
    if (puts && !this.#hasSpare) await this.#reserve();
    const failure = this.#isSound ? await this.#append(changes) : undefined;
    if (!failure && this.#isSound) return this.#shorten();
    try {
      await this.#renew(changes);
    } catch (error) {
      // The spare's room may be enough for these alone.
      if (puts || !this.#isSound || (await this.#append(changes))) throw failure ?? error;
    }
  }

  /** Writes the log anew if that is worth it. */
  async #shorten(): Promise<void> {
    if (this.#length <= shortestRewritten || this.#length <= 4 * this.#lengthWhenNew) return;
    // The old one is as good for as long again if there is no room for a new one.
    await this.#rewrite([]).catch(() => (this.#lengthWhenNew = this.#length));
  }

  /** Adds changes at the end of the log; resolves with why it could not. */
  async #append(changes: readonly StoreChange[]): Promise<Error | undefined> {
    const file = this.#file as StoreFile;
    const bytes = Buffer.concat(changes.map((change) => encodeFrame(encodeRecord(change), this.#key)));
    try {
      await writeAll(file, bytes, this.#length);
      await file.sync();
    } catch (error) {
      // What came of it must not be found at the next start, nor stand behind what is written next.
      this.#isSound = await file.truncate(this.#length).then(
        () => true,
        () => false,
      );
      return error as Error;
    }
    this.#length += bytes.length;
    for (const change of changes) this.#note(change);
    return undefined;
  }

  /** Writes the log anew, in the spare's room if need be. */
  async #renew(changes: readonly StoreChange[]): Promise<void> {
    this.#hasSpare = false;
    await this.#folder.remove(spareName);
    await this.#rewrite(changes);
  }

  /** Keeps room back before more is taken. */
  async #reserve(): Promise<void> {
    try {
      await this.#makeSpare();
    } catch {
      await this.#renew([]);
      await this.#makeSpare();
    }
  }

  /** Makes a file of which nothing matters but the room that it takes. */
  async #makeSpare(): Promise<void> {
    const file = await this.#folder.create(spareName);
    try {
      await writeAll(file, new Uint8Array(spareLength), 0);
      await file.sync();
      this.#hasSpare = true;
    } finally {
      await file.close();
      if (!this.#hasSpare) await this.#folder.remove(spareName);
    }
  }

  /** Puts a log in place of the old one that holds only what counts once these changes are made. */
  async #rewrite(changes: readonly StoreChange[]): Promise<void> {
    const messages = new Map(this.#messages);
    const received = new Set(this.#received);
    let way = this.#way;
    for (const change of changes) {
      if (change.type === "moved") way = change.way;
      applyChange(messages, received, change);
    }
    const key = createLogKey();
    const file = await this.#folder.create(newName);
    let length = 0;
    try {
      for (const piece of piecesOf(messages, received, way, key)) {
        await writeAll(file, piece, length);
        length += piece.length;
      }
      await file.sync();
      await this.#folder.rename(newName, name);
    } catch (error) {
      await file.close();
      await this.#folder.remove(newName).catch(() => {});
      throw error;
    }
    // The old one has no name any more: nothing of it matters.
    await this.#file?.close().catch(() => {});
    this.#adopt(file, key, length);
    // Until the new name is safe, what is appended could be gone with it.
    this.#isSound = false;
    await this.#folder.sync();
    this.#isSound = true;
    this.#messages = messages;
    this.#received = received;
    this.#way = way;
  }

  #adopt(file: StoreFile, key: LogKey, length: number): void {
    this.#file = file;
    this.#key = key;
    this.#length = length;
    this.#lengthWhenNew = length;
  }
}

/** A whole log, in pieces of a bounded size. */
function* piecesOf(
  messages: ReadonlyMap<number, StoredMessage>,
  received: ReadonlySet<number>,
  way: number | undefined,
  key: LogKey,
): Generator<Uint8Array> {
  let frames = [encodeHeader(key)];
  let length = 0;
  for (const change of changesOf(messages, received, way)) {
    const frame = encodeFrame(encodeRecord(change), key);
    frames.push(frame);
    length += frame.length;
    if (length >= pieceLength) {
      yield Buffer.concat(frames);
      frames = [];
      length = 0;
    }
  }
  yield Buffer.concat(frames);
}

function* changesOf(
  messages: ReadonlyMap<number, StoredMessage>,
  received: ReadonlySet<number>,
  way: number | undefined,
): Generator<StoreChange> {
  for (const message of messages.values()) yield { type: "put", message };
  for (const mark of received) yield { type: "received", mark };
  if (way) yield { type: "moved", way };
}
