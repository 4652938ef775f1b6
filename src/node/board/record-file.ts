import { readFileSync } from "node:fs";
import { messageOf } from "../../base/index.ts";
import { type BootRecord, decodeBootRecord, freshRecord, unreadRecord } from "../../board/index.ts";
import { isAbsent, readPatiently } from "./read-patiently.ts";
import { writeWhole } from "./whole-file.ts";

/** What is known of boots, in a file. */
export class BootRecordFile {
  readonly #path: string;
  #unread: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Why what is there could not be read the last time. Until it was, nothing is written over it. */
  get unread(): string | undefined {
    return this.#unread;
  }

  /** The record; the fresh one where there is none, or none that makes sense; {@link unreadRecord} where it cannot be read now. */
  read(): BootRecord {
    this.#unread = undefined;
    try {
      return decodeText(readPatiently(() => readFileSync(this.#path, "utf8")));
    } catch (error) {
      if (isAbsent(error)) return freshRecord;
      this.#unread = messageOf(error);
      return unreadRecord;
    }
  }

  /** Writes it. On a full disk the one that was there stays, whole. @returns why it could not be written */
  save(record: BootRecord): string | undefined {
    if (this.#unread !== undefined) return `what is there could not be read: ${this.#unread}`;
    try {
      writeWhole(this.#path, JSON.stringify(record));
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }
}

function decodeText(text: string): BootRecord {
  try {
    return decodeBootRecord(JSON.parse(text));
  } catch {
    return freshRecord;
  }
}
