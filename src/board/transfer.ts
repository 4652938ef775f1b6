import { type Clock, concatBytes, type Cryptography, type Sha256, type Timer } from "../base/index.ts";
import type { PartsProgress } from "../wire/index.ts";
import type { Answer } from "./answer.ts";
import { boardErrors } from "./errors.ts";
import type { FileWriter } from "./platform.ts";

/** The longest part that is asked for, and how many bytes may be on their way, unless a board says otherwise. */
export const usualPartBytes = 16_384;
export const usualWindowBytes = 2_097_152;
/**
 * Parts are gathered to so many bytes, or an eighth of the whole, before they are written: each write costs more than its
 * bytes. What is gathered is lost when the agent is killed, and is sent again.
 */
const writeBytes = 262_144;
/** Where the line is slow, the board says at least so often what has come, in milliseconds. */
const reportMs = 500;
/** A transfer without a part for so long has ended; what came stays, to go on from. */
const idleMs = 60_000;
/** How much of what is there already is digested at once when a transfer goes on. */
const digestBytes = 65_536;

/** Where the bytes of a transfer go. */
export interface TransferTarget {
  readonly writer: FileWriter;
  /** Gives back what is there already. */
  read(offset: number, size: number): Promise<Uint8Array>;
  /** It is whole and its digest agrees. */
  accept(): Promise<void>;
  /** It is not what it should be: away with it. */
  discard(): Promise<void>;
}

/** What a transfer is made of. */
export interface TransferOptions {
  readonly clock: Clock;
  readonly cryptography: Pick<Cryptography, "createSha256">;
  readonly answer: Answer;
  readonly target: TransferTarget;
  readonly size: number;
  readonly sha256: string;
  readonly partBytes: number;
  readonly windowBytes: number;
  /** Called once, when it has ended, well or not. */
  readonly onEnd: () => void;
}

/** A file or an image that comes in parts. */
export class Transfer {
  readonly #options: TransferOptions;
  readonly #hash: Sha256;
  /** Bytes that have come, those that are gathered included. */
  #have = 0;
  #reported = 0;
  #reportedAt = 0;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #ended = false;
  #timer: Timer | undefined;

  private constructor(options: TransferOptions) {
    this.#options = options;
    this.#hash = options.cryptography.createSha256();
  }

  /** Begins one, from what an earlier attempt left. */
  static async begin(options: TransferOptions): Promise<Transfer> {
    const transfer = new Transfer(options);
    await transfer.#goOn();
    return transfer;
  }

  /** Takes a part; resolves when it is written. One that came before, or after a gap, is left. */
  async take(offset: number, bytes: Uint8Array): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write(offset, bytes));
    await this.#writing;
  }

  /** Ends it without an end; what came stays. */
  async stop(error: unknown): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.answer.fail(error);
    await this.#writing;
    try {
      await this.#flush();
    } catch {
      // What is not written is sent again.
    }
    await this.#close();
  }

  async #goOn(): Promise<void> {
    const { target, size, partBytes: part, windowBytes: window } = this.#options;
    const there = target.writer.size;
    if (there <= size) {
      for (; this.#have < there;) {
        const bytes = await target.read(this.#have, Math.min(digestBytes, there - this.#have));
        if (bytes.length === 0) break;
        this.#hash.update(bytes);
        this.#have += bytes.length;
      }
    }
    if (this.#have !== there) {
      await this.#end(
        boardErrors.create("board/digest", "what an earlier attempt left is of no use; send it again"),
        true,
      );
      return;
    }
    this.#report({ have: this.#have, part, window });
    this.#watch();
    if (this.#have === size) await this.#finish();
  }

  async #write(offset: number, bytes: Uint8Array): Promise<void> {
    const { size, windowBytes, clock } = this.#options;
    if (this.#ended || offset !== this.#have || bytes.length === 0) return;
    if (offset + bytes.length > size) {
      await this.#end(
        boardErrors.create("board/bad-command", `a part goes beyond the ${size} bytes that were announced`),
        true,
      );
      return;
    }
    this.#watch();
    this.#hash.update(bytes);
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    this.#have += bytes.length;
    try {
      const enough = Math.min(writeBytes, windowBytes / 8, size / 8);
      if (this.#gatheredBytes >= enough || this.#have === size) await this.#flush();
    } catch (error) {
      await this.#end(error, boardErrors.is(error, "board/full"));
      return;
    }
    const late = clock.monotonic() - this.#reportedAt >= reportMs;
    if (this.#have === size) await this.#finish();
    else if (late || this.#have - this.#reported >= windowBytes / 8) this.#report({ have: this.#have });
  }

  async #flush(): Promise<void> {
    const bytes = concatBytes(this.#gathered);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    if (bytes.length > 0) await this.#options.target.writer.write(bytes);
  }

  async #finish(): Promise<void> {
    const { target, sha256, answer } = this.#options;
    const found = this.#hash.hex();
    if (found !== sha256) {
      await this.#end(
        boardErrors.create("board/digest", `arrived with the SHA-256 ${found}, announced was ${sha256}`),
        true,
      );
      return;
    }
    try {
      await target.writer.sync();
      await this.#close();
      await target.accept();
    } catch (error) {
      await this.#end(error, true);
      return;
    }
    this.#ended = true;
    answer.end(JSON.stringify({ have: this.#have, done: true } satisfies PartsProgress));
    this.#options.onEnd();
  }

  async #end(error: unknown, discard: boolean): Promise<void> {
    this.#ended = true;
    await this.#close();
    try {
      if (discard) await this.#options.target.discard();
    } catch {
      // What cannot be removed is overwritten by the next attempt.
    }
    this.#options.answer.fail(error);
  }

  async #close(): Promise<void> {
    this.#timer?.cancel();
    await this.#options.target.writer.close().catch(() => {});
    if (this.#ended) this.#options.onEnd();
  }

  #report(progress: PartsProgress): void {
    this.#reported = progress.have;
    this.#reportedAt = this.#options.clock.monotonic();
    this.#options.answer.say(JSON.stringify(progress));
  }

  #watch(): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimer(idleMs, () => {
      void this.stop(boardErrors.create("board/interrupted", "no part came for a minute; what came stays"));
    });
  }
}
