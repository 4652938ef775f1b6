import { readFileSync } from "node:fs";
import { messageOf } from "../../base/index.ts";
import { type BootRecord, decodeBootRecord } from "../../board/index.ts";
import { writeWhole } from "./whole-file.ts";

/** What is known of boots, in a file. */
export class BootRecordFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The record; the fresh one where there is none, or none that makes sense. */
  read(): BootRecord {
    try {
      return decodeBootRecord(JSON.parse(readFileSync(this.#path, "utf8")));
    } catch {
      return decodeBootRecord(undefined);
    }
  }

  /** Writes it. On a full disk the one that was there stays, whole. @returns why it could not be written */
  save(record: BootRecord): string | undefined {
    try {
      writeWhole(this.#path, JSON.stringify(record));
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }
}
