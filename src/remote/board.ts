import type { AbortSignalLike } from "../base/index.ts";
import type { BoardEntry, BoardInfo, BoardLogLevel, CrashReport, ResetMode } from "../wire/index.ts";

/** What every command of a {@link RemoteBoard} takes. */
export interface CommandOptions {
  /** Ends the waiting. What the board has begun, it may end all the same. */
  readonly signal?: AbortSignalLike | undefined;
}

/** What transfers take. */
export interface TransferOptions extends CommandOptions {
  /** Is told how many bytes of how many have arrived for certain. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * A board, driven over MQTT. There are two kinds, moteq's own and those that run the original mqrepl, and all that both
 * can do is here. Paths are the board's.
 *
 * Every method throws `remote/no-answer`, `remote/restarted`, `remote/refused`, `remote/gap`, `remote/too-long`,
 * `remote/message-too-long`, `remote/bad-answer`, `remote/closed`, what publishing throws, and the signal's reason.
 */
export interface RemoteBoard {
  readonly dialect: "native" | "mqrepl";
  /** Its base topic. */
  readonly base: string;
  /** What it says of itself. A board with mqrepl says little. */
  info(options?: CommandOptions): Promise<BoardInfo>;
  /**
   * Evaluates source in the board's own language. Resolves with what it printed, and the printed form of the value if it
   * has one; with `onOutput`, that comes as it is printed, and nothing is kept. In either way it ends at 16 MiB in all, with
   * `remote/too-long`; the source has less than 1 MiB.
   */
  evaluate(
    source: string,
    options?: CommandOptions & { readonly onOutput?: (bytes: Uint8Array) => void },
  ): Promise<Uint8Array>;
  /** How the last word of a text could go on, at most 100 of them. */
  complete(text: string, options?: CommandOptions): Promise<string[]>;
  /** The entries of a folder, those of folders below it too if `recursive`, by name; with `digest` files' SHA-256. */
  list(
    path: string,
    options?: CommandOptions & { readonly recursive?: boolean; readonly digest?: boolean },
  ): Promise<BoardEntry[]>;
  /** A file's SHA-256, 64 hexadecimal digits. */
  digest(path: string, options?: CommandOptions): Promise<string>;
  /** Fetches a file, piece by piece; resolves with its size. @throws also `remote/digest`, where that is known */
  get(
    path: string,
    take: (bytes: Uint8Array) => void | Promise<void>,
    options?: TransferOptions,
  ): Promise<number>;
  /** Puts a file: all of it or nothing. The folder must be there. @throws also `remote/digest` */
  put(path: string, content: Uint8Array, options?: TransferOptions): Promise<void>;
  /** Makes a folder; with `parents` also those above it, and one that is there is well. */
  makeFolder(path: string, options?: CommandOptions & { readonly parents?: boolean }): Promise<void>;
  /** Removes a file. */
  remove(path: string, options?: CommandOptions): Promise<void>;
  /** Removes an empty folder. */
  removeFolder(path: string, options?: CommandOptions): Promise<void>;
  rename(path: string, to: string, options?: CommandOptions): Promise<void>;
  /** Starts the board again; resolves when it said that it will. */
  reset(mode: ResetMode, options?: CommandOptions): Promise<void>;
  /**
   * Sends an image to the slot that does not run, and has the board boot it; with `boot: false` its next reset does that.
   * Native boards check its signature and go back by themselves if it is not manageable; only what they lack is sent.
   * One with mqrepl never boots by itself, so it is reset when it has the image.
   */
  update(
    image: Uint8Array,
    options?: TransferOptions & { readonly signature?: string | undefined; readonly boot?: boolean },
  ): Promise<void>;
  /** The last `lines` of the log; by default all that a board keeps: 1000. @throws also `remote/unsupported` */
  recentLog(options?: CommandOptions & { readonly lines?: number }): Promise<string[]>;
  /** Changes what is logged from now on. A board with mqrepl has no level for MQTT. @throws also `remote/unsupported` */
  setLogLevel(
    levels: { readonly console?: BoardLogLevel; readonly mqtt?: BoardLogLevel },
    options?: CommandOptions,
  ): Promise<void>;
  /** The crashes that are kept. @throws also `remote/unsupported` */
  crashes(options?: CommandOptions): Promise<CrashReport[]>;
  /** One of them, with what was printed last. @throws also `remote/unsupported` */
  crash(number: number, options?: CommandOptions): Promise<CrashReport>;
  /** Forgets them. @throws also `remote/unsupported` */
  clearCrashes(options?: CommandOptions): Promise<void>;
  /**
   * Has `listener` called whenever it was started anew, by which its variables are gone. It is told as long as it may read the
   * board's information; a board with mqrepl does not tell.
   */
  onRestart(listener: () => void): void;
  /** Ends every conversation with it. */
  close(): Promise<void>;
}
