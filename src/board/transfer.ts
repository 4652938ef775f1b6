import type { Clock, Cryptography, Sha256, Timer } from "../base/index.ts";
import type { PartsProgress } from "../wire/index.ts";
import type { Answer } from "./answer.ts";
import { boardErrors } from "./errors.ts";
import type { FileWriter } from "./platform.ts";

/** The longest part that is asked for, and how many bytes may be on their way, unless a board says otherwise. */
export const usualPartBytes = 16_384;
export const usualWindowBytes = 524_288;
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
  /** Bytes that are written. */
  #have = 0;
  #reported = 0;
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
    const { target, size, windowBytes } = this.#options;
    if (this.#ended || offset !== this.#have || bytes.length === 0) return;
    if (offset + bytes.length > size) {
      await this.#end(
        boardErrors.create("board/bad-command", `a part goes beyond the ${size} bytes that were announced`),
        true,
      );
      return;
    }
    this.#watch();
    try {
      await target.writer.write(bytes);
    } catch (error) {
      await this.#end(error, boardErrors.is(error, "board/full"));
      return;
    }
    this.#hash.update(bytes);
    this.#have += bytes.length;
    if (this.#have === size) await this.#finish();
    else if (this.#have - this.#reported >= windowBytes / 8) this.#report({ have: this.#have });
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
    this.#options.answer.say(JSON.stringify(progress));
  }

  #watch(): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimer(idleMs, () => {
      void this.stop(boardErrors.create("board/interrupted", "no part came for a minute; what came stays"));
    });
  }
}
