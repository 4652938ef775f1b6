/** A file as a store uses it. What was written outlives the power only once it has been synced. */
export interface StoreFile {
  /** How long it is, in bytes. */
  length(): Promise<number>;
  /** Fills the buffer with what stands from `position` on; less than all of it only at the file's end. @returns how much */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** Writes some of the bytes at least. @returns how many */
  write(bytes: Uint8Array, position: number): Promise<number>;
  truncate(length: number): Promise<void>;
  /** Makes what was written outlive the power, and the length with it. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A folder as a store uses it: all that a store asks of the file system, so that a test can put in its place one that
 * fails, or loses its power, at any moment.
 */
export interface StoreFolder {
  /** Opens a file that is there; `undefined` if there is none of that name. */
  open(name: string): Promise<StoreFile | undefined>;
  /** Makes an empty file, in place of any of that name. */
  create(name: string): Promise<StoreFile>;
  /** Gives a file another name, in place of any file that has it. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file if it is there. */
  remove(name: string): Promise<void>;
  /** Makes what files are called outlive the power. */
  sync(): Promise<void>;
  /** Lets another process have it. */
  close(): Promise<void>;
}

/** Writes all of it. */
export async function writeAll(file: StoreFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written), position + written);
  }
}
