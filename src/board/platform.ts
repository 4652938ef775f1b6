import type { AbortSignalLike } from "../base/index.ts";
import type { BoardSlot, CrashReport, ResetMode } from "../wire/index.ts";

// What an agent stands on. `node/` implements it for Linux and others; firmware for a microcontroller would do so with
// what it has. Paths are those of `toBoardPath`: below the root, with `/`, never with `..`.

/** An entry of a folder. */
export interface FileEntry {
  readonly name: string;
  readonly folder: boolean;
  /** In bytes. */
  readonly size: number;
  /** Whether it is a link. What it leads to has a place of its own, perhaps above. Default false. */
  readonly link?: boolean;
}

/** The files below a board's root. Every method throws a `board/…` error where it cannot do what is asked. */
export interface BoardFiles {
  /** What is at a path; `undefined` if nothing is. @throws `board/outside` where a link leads out, as all others */
  stat(path: string): Promise<{ readonly folder: boolean; readonly size: number } | undefined>;
  list(path: string): Promise<FileEntry[]>;
  /** At most `size` bytes from `offset`; fewer at the end. */
  read(path: string, offset: number, size: number): Promise<Uint8Array>;
  makeFolder(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Removes an empty folder. */
  removeFolder(path: string): Promise<void>;
  /** Renames at once and for good, over a file that is there. */
  rename(path: string, to: string): Promise<void>;
  /** The same for a new content of a file: what else is known of the one that was there, as its mode, stays. */
  replace(path: string, to: string): Promise<void>;
  /** Opens a file to append to it, made if need be. */
  append(path: string): Promise<FileWriter>;
}

/** A file that is being written. */
export interface FileWriter {
  /** What is in it already, in bytes. */
  readonly size: number;
  /** Appends some pieces, one behind the other. */
  write(pieces: readonly Uint8Array[]): Promise<void>;
  /** Resolves when what was written would survive a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Evaluates source in the board's own language, and keeps its state from one call to the next. `this.watchdog.feed("…")` must
 * reach the agent's watchdog whatever has been evaluated before.
 */
export interface Repl {
  /**
   * Evaluates an expression or statements. Gives the value's printed form, `undefined` if there is nothing to show; what is
   * printed meanwhile goes to `print`. What needs no waiting is given at once: its answer then goes out together with the
   * command's acknowledgement.
   *
   * @param signal when it is aborted, a promise is waited for no longer
   * @throws `board/interrupted` for one that does not end, `board/evaluation` with what the source throws
   */
  evaluate(
    source: string,
    print: (text: string) => void,
    signal?: AbortSignalLike,
  ): string | undefined | Promise<string | undefined>;
  /** How the last word of a text could go on. */
  complete(text: string): Promise<string[]>;
}

/** Crashes that are kept over restarts. */
export interface CrashStore {
  /** Oldest first, without what was printed. */
  list(): Promise<CrashReport[]>;
  get(number: number): Promise<CrashReport | undefined>;
  clear(): Promise<void>;
}

/** An image that is being written to the slot that does not run. */
export interface ImageWriter extends FileWriter {
  /** Gives back what is in it already, from the beginning, to be digested. */
  read(offset: number, size: number): Promise<Uint8Array>;
  /** It is whole, and was proven: from now on it may boot. */
  accept(): Promise<void>;
  /** It is not what it should be. */
  discard(): Promise<void>;
}

/** Who keeps the board alive: a supervisor that starts the agent again, and the hardware below. */
export interface Keeper {
  /** What runs. */
  readonly slot: BoardSlot;
  /** The SHA-256 of the running image; `null` for what was installed. */
  readonly image: string | null;
  readonly mode: "normal" | "safe";
  /** Whether this boot was shown to be manageable for long enough. */
  readonly confirmed: boolean;
  /** What became of the last boots, in words. */
  readonly note: string | null;
  /** How long it waits for {@link fed} before it starts the board again, in milliseconds; `undefined`: for ever. */
  readonly timeoutMs: number | undefined;
  /** Called when `confirmed` or `note` have changed. */
  onChange: (() => void) | undefined;
  /** A message went round through the broker and back through the REPL: the board is manageable. */
  fed(): void;
  /** Starts the board again; returns before it does. */
  reset(mode: ResetMode): void;
  /**
   * Sees to it that an image, if it is the one that runs and can boot again, is what boots the next time too.
   *
   * @returns whether it is
   */
  keepImage(sha256: string): Promise<boolean>;
  /** Opens the slot that does not run; goes on where an earlier attempt for the same image ended. */
  openImage(image: {
    readonly size: number;
    readonly sha256: string;
    readonly signature: string | null;
  }): Promise<ImageWriter>;
}
