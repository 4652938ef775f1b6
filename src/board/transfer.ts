import { type Clock, type Cryptography, type Sha256, type Timer } from "../base/index.ts";
import type { PartsProgress } from "../wire/index.ts";
import type { Answer } from "./answer.ts";
import { boardErrors } from "./errors.ts";
import type { FileWriter } from "./platform.ts";

/**
 * The longest part that is asked for, and how many bytes may be on their way, unless a board says otherwise: twice what fills 10
 * Mbit/s with 100 ms there and back. A caller has less on its way where the line is slow.
 */
export const usualPartBytes = 16_384;
export const usualWindowBytes = 262_144;
/** Where the line is slow, the board says at least so often what it has, in milliseconds. */
const reportMs = 500;
/** What comes in, and does not for so long, has ended, in milliseconds. What came stays, to go on from. */
export const idleMs = 60_000;
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
  /** It is written no more, whatever became of it. */
  release(): void;
}

/** What a transfer is made of. */
export interface TransferOptions {
  readonly clock: Clock;
  readonly cryptography: Pick<Cryptography, "createSha256">;
  readonly answer: Answer;
  readonly size: number;
  readonly sha256: string;
  readonly partBytes: number;
  readonly windowBytes: number;
  /** Called once, when it has ended, well or not. */
  readonly onEnd: () => void;
}

/**
 * A file or an image that comes in parts. They are taken as they come, and the disk follows behind: while it writes, what
 * comes gathers for the next write. What is not written when the agent is killed is sent again.
 */
export class Transfer {
  readonly #options: TransferOptions;
  #hash: Sha256;
  /** Known when what an earlier attempt left was looked through. */
  #target: TransferTarget | undefined;
  /** Bytes that have come, and how many of them are written. */
  #came = 0;
  #written = 0;
  #gathered: Uint8Array[] = [];
  #isWriting = false;
  #writing: Promise<void> = Promise.resolve();
  #reported = 0;
  #reportedAt = 0;
  #ended = false;
  #timer: Timer | undefined;
  #reportTimer: Timer | undefined;
  /** Since when it waits for a part: when one came last, or the board had written what came. */
  #waitsSince: number;
  /** Resolves when one that has begun is written no more. */
  readonly closed: Promise<void>;
  #setClosed = (): void => {};

  constructor(options: TransferOptions) {
    this.#options = options;
    this.closed = new Promise((resolve) => (this.#setClosed = resolve));
    this.#hash = options.cryptography.createSha256();
    this.#waitsSince = options.clock.monotonic();
  }

  /** For how long it waits for a part, in milliseconds; 0 while the board works on it, or when it has ended. */
  get quietMs(): number {
    if (this.#ended || this.#isWriting || !this.#target) return 0;
    return this.#options.clock.monotonic() - this.#waitsSince;
  }

  /** Goes on from what an earlier attempt left; what came meanwhile counts if that is nothing. */
  async begin(opening: Promise<TransferTarget>): Promise<void> {
    const { size, partBytes: part, windowBytes: window } = this.#options;
    const hash = this.#options.cryptography.createSha256();
    let target: TransferTarget | undefined;
    let have: number;
    try {
      target = await this.#heard(opening);
      have = await this.#heard(
        this.#digest(hash, target, target.writer.size <= size ? target.writer.size : 0),
      );
    } catch (error) {
      await this.#leave(target);
      throw error;
    }
    this.#target = target;
    const there = target.writer.size;
    if (this.#ended) return await this.#close();
    if (have !== there) {
      const message = "what an earlier attempt left is of no use; send it again";
      return await this.#end(boardErrors.create("board/digest", message), true);
    }
    if (have > 0) {
      this.#hash = hash;
      this.#gathered = [];
      this.#came = this.#written = have;
    }
    this.#watch();
    this.#report({ have, part, window });
    if (this.#gathered.length > 0 || have === size) this.#write();
  }

  /** It cannot begin: what came meanwhile is let go of, and nothing more is waited for. */
  async #leave(target: TransferTarget | undefined): Promise<void> {
    this.#ended = true;
    this.#timer?.cancel();
    this.#gathered = [];
    await target?.writer.close().catch(() => {});
    target?.release();
  }

  /** Digests what is there already. @returns how much of it could be read */
  async #digest(hash: Sha256, target: TransferTarget, size: number): Promise<number> {
    for (let have = 0; have < size;) {
      const bytes = await target.read(have, Math.min(digestBytes, size - have));
      // Nobody waits for it any more.
      if (bytes.length === 0 || this.#ended) return have;
      hash.update(bytes);
      have += bytes.length;
    }
    return size;
  }

  /**
   * Takes a part. One that came before, after a gap or from beyond the window is left. Parts are not signed: what makes no sense
   * may be a stranger's, and ends nothing.
   *
   * @returns whether it could be one: it is no longer than may be, and within what was announced
   */
  take(offset: number, bytes: Uint8Array): boolean {
    const { size, partBytes, windowBytes } = this.#options;
    if (bytes.length === 0 || bytes.length > partBytes || offset + bytes.length > size) return false;
    if (this.#ended || offset !== this.#came || offset > this.#written + windowBytes) return true;
    this.#watch();
    this.#hash.update(bytes);
    this.#gathered.push(bytes);
    this.#came += bytes.length;
    this.#write();
    return true;
  }

  /** Ends it without an end; what came stays. It is over when it is `closed`. */
  async stop(error: unknown): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.answer.fail(error);
    await this.#writing;
    await this.#close();
  }

  /** Sees to it that what was gathered is being written. */
  #write(): void {
    if (this.#isWriting || !this.#target) return;
    this.#isWriting = true;
    this.#writing = this.#writeAll(this.#target);
  }

  async #writeAll(target: TransferTarget): Promise<void> {
    try {
      while (this.#gathered.length > 0) {
        const pieces = this.#gathered.splice(0);
        await this.#heard(target.writer.write(pieces));
        for (const { length } of pieces) this.#written += length;
        this.#reportIfDue();
      }
    } catch (error) {
      if (!this.#ended) await this.#end(error, boardErrors.is(error, "board/full"));
    }
    if (this.#written === this.#options.size && !this.#ended) await this.#finish(target);
    // Only now does its caller know that more may be sent.
    this.#waitsSince = this.#options.clock.monotonic();
    this.#isWriting = false;
  }

  async #finish(target: TransferTarget): Promise<void> {
    const { sha256, answer } = this.#options;
    const found = this.#hash.hex();
    if (found !== sha256) {
      const message = `arrived with the SHA-256 ${found}, announced was ${sha256}`;
      return await this.#end(boardErrors.create("board/digest", message), true);
    }
    try {
      await this.#heard(target.writer.sync());
      await target.writer.close();
      await this.#heard(target.accept());
    } catch (error) {
      return await this.#end(error, true);
    }
    this.#ended = true;
    answer.end(JSON.stringify({ have: this.#written, done: true } satisfies PartsProgress));
    await this.#close();
  }

  async #end(error: unknown, discard: boolean): Promise<void> {
    this.#ended = true;
    await this.#close(discard);
    this.#options.answer.fail(error);
  }

  /** Lets go of what was written; until then it is nobody else's. */
  async #close(discard = false): Promise<void> {
    const target = this.#target;
    // One that still looks through what is there sees that it has ended, and closes then.
    if (!target) return;
    this.#timer?.cancel();
    this.#reportTimer?.cancel();
    await target.writer.close().catch(() => {});
    // What cannot be removed is overwritten by the next attempt.
    if (discard) await target.discard().catch(() => {});
    target.release();
    this.#options.onEnd();
    this.#setClosed();
  }

  /** Says at times that it is at work: a caller that hears nothing asks anew, and the work would begin anew too. */
  async #heard<T>(work: Promise<T>): Promise<T> {
    const { clock, answer } = this.#options;
    let timer: Timer | undefined;
    const wait = () => {
      timer = clock.setTimer(reportMs, () => {
        answer.say(JSON.stringify({ have: this.#written, busy: true } satisfies PartsProgress));
        wait();
      });
    };
    wait();
    try {
      return await work;
    } finally {
      timer?.cancel();
    }
  }

  #reportIfDue(): void {
    const { size, windowBytes, clock } = this.#options;
    if (this.#written === size || this.#written === this.#reported || this.#ended) return;
    const lateInMs = this.#reportedAt + reportMs - clock.monotonic();
    if (lateInMs <= 0 || this.#written - this.#reported >= windowBytes / 8) {
      this.#report({ have: this.#written });
      return;
    }
    // Whoever has less on its way than that waits for it.
    this.#reportTimer ??= clock.setTimer(lateInMs, () => {
      this.#reportTimer = undefined;
      this.#reportIfDue();
    });
  }

  #report(progress: PartsProgress): void {
    if (this.#options.answer.isFull) {
      // The caller takes more for repetitions. It goes on under a new id.
      void this.stop(
        boardErrors.create("board/stopped", "no more can be reported in one answer: call again"),
      );
      return;
    }
    this.#reportTimer?.cancel();
    this.#reportTimer = undefined;
    this.#reported = progress.have;
    this.#reportedAt = this.#options.clock.monotonic();
    this.#options.answer.say(JSON.stringify(progress));
  }

  #watch(): void {
    this.#waitsSince = this.#options.clock.monotonic();
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimer(idleMs, () => {
      // Then it is the board that has not caught up.
      if (this.#isWriting) this.#watch();
      else void this.stop(boardErrors.create("board/stopped", "no part came for a minute; what came stays"));
    });
  }
}
