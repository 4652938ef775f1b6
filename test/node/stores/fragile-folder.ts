import type { StoreFile, StoreFolder } from "../../../src/node/stores/store-folder.ts";

/** What is done to a file system. */
export type Operation = "create" | "open" | "read" | "write" | "truncate" | "sync" | "rename" | "sync-folder";

/** What a file holds now, and what of it would be there after a loss of power. */
interface Content {
  bytes: Uint8Array;
  safe: Uint8Array;
}

/** An error as the file system gives it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as the test wants it`), { code });
}

/**
 * A folder in memory that fails on demand. When the power goes, what was not synced is gone: bytes that were written to
 * a file, and names that were given in the folder.
 */
export class FragileFolder implements StoreFolder {
  /** What was done to it, in order: the operation and the name, or the names, that it was done to. */
  readonly done: string[] = [];
  /** How many bytes all files may have together. */
  room = Infinity;
  /** How many bytes were read so far. */
  bytesRead = 0;
  isClosed = false;
  /** Is asked before each operation: an error that it gives is what comes of it. A write fails half way. */
  fault: (operation: Operation, name: string) => Error | undefined = () => undefined;
  #names = new Map<string, Content>();
  #safeNames = new Map<string, Content>();
  /** Raised when the power goes: who had a file open before has nothing any more. */
  #life = 0;

  /** Takes the power away and brings it back. @param keep how much of what was written and not synced is there all the same: none, unless it says so */
  cutPower(keep: (unsynced: Uint8Array) => number = () => 0): void {
    this.#life++;
    this.#names = new Map(this.#safeNames);
    for (const content of this.#names.values()) {
      const { bytes, safe } = content;
      const kept = bytes.length > safe.length ? keep(bytes.subarray(safe.length)) : 0;
      content.bytes = Uint8Array.from(kept > 0 ? bytes.subarray(0, safe.length + kept) : safe);
      content.safe = content.bytes;
    }
  }

  /** What a file holds; it need not be safe. */
  bytesOf(name: string): Uint8Array | undefined {
    return this.#names.get(name)?.bytes;
  }

  /** Puts a file there, safely. */
  put(name: string, bytes: Uint8Array): void {
    const content = { bytes: Uint8Array.from(bytes), safe: Uint8Array.from(bytes) };
    this.#names.set(name, content);
    this.#safeNames.set(name, content);
  }

  async open(name: string): Promise<StoreFile | undefined> {
    this.#begin("open", name);
    const content = this.#names.get(name);
    return content && this.#toFile(content, name);
  }

  async create(name: string): Promise<StoreFile> {
    this.#begin("create", name);
    const content = { bytes: new Uint8Array(0), safe: new Uint8Array(0) };
    this.#names.set(name, content);
    return this.#toFile(content, name);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#begin("rename", `${from} ${to}`);
    const content = this.#names.get(from);
    if (!content) throw systemError("ENOENT");
    this.#names.delete(from);
    this.#names.set(to, content);
  }

  async remove(name: string): Promise<void> {
    this.#names.delete(name);
  }

  async sync(): Promise<void> {
    this.#begin("sync-folder", "");
    this.#safeNames = new Map(this.#names);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  #begin(operation: Operation, name: string): void {
    const fault = this.fault(operation, name);
    if (fault) throw fault;
    this.done.push(`${operation} ${name}`.trimEnd());
  }

  /** How many bytes all files have together. */
  get used(): number {
    return [...this.#names.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  #toFile(content: Content, name: string): StoreFile {
    const life = this.#life;
    const begin = (operation: Operation) => {
      if (life !== this.#life) throw systemError("EBADF");
      this.#begin(operation, name);
    };
    const write = (bytes: Uint8Array, position: number) => {
      const longer = new Uint8Array(Math.max(content.bytes.length, position + bytes.length));
      longer.set(content.bytes);
      longer.set(bytes, position);
      content.bytes = longer;
    };
    return {
      length: async () => content.bytes.length,
      read: async (buffer, position) => {
        begin("read");
        const found = content.bytes.subarray(position, position + buffer.length);
        buffer.set(found);
        this.bytesRead += found.length;
        return found.length;
      },
      write: async (bytes, position) => {
        try {
          begin("write");
        } catch (error) {
          if (life === this.#life) write(bytes.subarray(0, bytes.length / 2), position);
          throw error;
        }
        const room = this.room - this.used + Math.max(0, content.bytes.length - position);
        if (room <= 0) throw systemError("ENOSPC");
        const taken = bytes.subarray(0, Math.min(bytes.length, room));
        write(taken, position);
        return taken.length;
      },
      truncate: async (length) => {
        begin("truncate");
        content.bytes = content.bytes.slice(0, length);
      },
      sync: async () => {
        begin("sync");
        content.safe = Uint8Array.from(content.bytes);
      },
      close: async () => {},
    };
  }
}
