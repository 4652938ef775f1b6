import type { Clock, Cryptography } from "../base/index.ts";
import type { Answer } from "./answer.ts";
import { boardErrors } from "./errors.ts";
import type { Partials } from "./partials.ts";
import type { Keeper } from "./platform.ts";
import { Transfer, type TransferTarget } from "./transfer.ts";

/** How many files and images may be under way at once. */
const mostTransfers = 8;
/** One that has had nothing for so long may make room for another, in milliseconds: its caller may have gone. */
const quietMs = 5000;

/** What transfers stand on. */
export interface TransfersOptions {
  readonly clock: Clock;
  readonly cryptography: Cryptography;
  readonly partials: Partials;
  readonly keeper: Keeper;
  readonly partBytes: number;
  readonly windowBytes: number;
  /** The longest file or image, in bytes. */
  readonly maximumBytes: number;
}

/** One of them. */
interface Running {
  /** Of the command that began it. */
  readonly id: string;
  readonly transfer: Transfer;
  /** Resolves when it is known what an earlier attempt left. */
  readonly begun: Promise<void>;
}

/** All files and images that are coming in. */
export class Transfers {
  readonly #options: TransfersOptions;
  /** By what they are for: one at a time for each file, and one image. */
  readonly #running = new Map<string, Running>();

  constructor(options: TransfersOptions) {
    this.#options = options;
  }

  /** Whether any is under way. */
  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** Begins to take a file. */
  async put(answer: Answer, path: string, size: number, sha256: string): Promise<void> {
    await this.#begin(answer, `file ${path}`, size, sha256, async () => {
      const partial = await this.#options.partials.open(path, sha256);
      return { ...partial, accept: () => partial.accept(size) };
    });
  }

  /** Begins to take an image. @param accepted is called when it is whole and proven */
  async update(
    answer: Answer,
    image: { readonly size: number; readonly sha256: string; readonly signature: string | null },
    accepted: () => void,
  ): Promise<void> {
    await this.#begin(answer, "image", image.size, image.sha256, async () => {
      const writer = await this.#options.keeper.openImage(image);
      return {
        writer,
        read: (offset, length) => writer.read(offset, length),
        async accept() {
          await writer.accept();
          accepted();
        },
        discard: () => writer.discard(),
        release() {},
      };
    });
  }

  /** Takes a part of the transfer that a command with this id began. @returns whether it could be one of it, if there is one */
  part(id: string, offset: number, bytes: Uint8Array): boolean {
    for (const running of this.#running.values()) {
      if (running.id === id) return running.transfer.take(offset, bytes);
    }
    return true;
  }

  /** Ends all; what came stays. */
  async close(): Promise<void> {
    const error = boardErrors.create("board/stopped", "the board's agent ends");
    await Promise.all([...this.#running.values()].map((running) => stop(running, error)));
  }

  #makeRoom(): void {
    for (const { transfer } of this.#running.values()) {
      if (transfer.quietMs < quietMs) continue;
      void transfer.stop(
        boardErrors.create("board/stopped", "it had nothing, and made room for another one"),
      );
      return;
    }
    throw boardErrors.create("board/busy", `${mostTransfers} transfers are under way already`);
  }

  async #begin(
    answer: Answer,
    key: string,
    size: number,
    sha256: string,
    open: () => Promise<TransferTarget>,
  ): Promise<void> {
    const { maximumBytes } = this.#options;
    if (size > maximumBytes) {
      throw boardErrors.create(
        "board/too-long",
        `the board takes at most ${maximumBytes} bytes, ${size} were announced`,
      );
    }
    const before = this.#running.get(key);
    if (before === undefined && this.#running.size >= mostTransfers) this.#makeRoom();
    const onEnd = () => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    };
    const transfer = new Transfer({ ...this.#options, answer, size, sha256, onEnd });
    const begin = async () => {
      if (before)
        await stop(before, boardErrors.create("board/replaced", "somebody began this transfer anew"));
      await transfer.begin(open());
    };
    // Its parts may come right behind it.
    const running: Running = { id: answer.id, transfer, begun: begin() };
    this.#running.set(key, running);
    try {
      await running.begun;
    } catch (error) {
      onEnd();
      throw error;
    }
  }
}

/** Ends one, and waits until nothing is written any more. */
async function stop({ transfer, begun }: Running, error: unknown): Promise<void> {
  // One that still looks through what is there ends with that at once.
  void transfer.stop(error);
  try {
    await begun;
  } catch {
    // What cannot begin is told to whoever wanted it, and writes nothing.
    return;
  }
  await transfer.closed;
}
