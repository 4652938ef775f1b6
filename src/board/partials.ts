import { type Cryptography, encodeUtf8, sha256Of } from "../base/index.ts";
import { boardErrors } from "./errors.ts";
import { folderOf, isPartial, toPartialName } from "./path.ts";
import type { BoardFiles, FileWriter } from "./platform.ts";

/** How many folders are remembered to be clean. */
const mostClean = 1000;

/** What {@link Partials} stand on. */
export interface PartialsOptions {
  readonly files: BoardFiles;
  readonly cryptography: Pick<Cryptography, "createSha256">;
}

/** A file that is not whole yet, in the hands of the one who writes it. */
export interface PartialFile {
  readonly writer: FileWriter;
  /** Gives back what is there already. */
  read(offset: number, size: number): Promise<Uint8Array>;
  /** Puts it in its place. The writer is closed. @throws `board/digest` if it has another size than was written */
  accept(size: number): Promise<void>;
  /** Away with it. */
  discard(): Promise<void>;
  /** It is nobody's any more. What is in it stays, to go on from. */
  release(): void;
}

/**
 * The files that are not whole yet. Each waits beside its place, under a name made of that place and of what it is to be;
 * it belongs to whoever opened it until he lets go of it, and nobody else writes or removes it.
 */
export class Partials {
  readonly #options: PartialsOptions;
  /** The names of those that belong to somebody. */
  readonly #owned = new Set<string>();
  /** Folders without anything that an earlier attempt left: to list a long folder takes longer than a short file. */
  readonly #clean = new Set<string>();

  constructor(options: PartialsOptions) {
    this.#options = options;
  }

  /**
   * Opens the file that is to become `path`, and removes what earlier attempts left beside it.
   *
   * @param key of what it is to be: the same one goes on where an earlier attempt ended
   * @throws `board/is-a-folder`, `board/not-found`, `board/not-a-folder`; `board/busy` while it is somebody's
   */
  async open(path: string, key: string): Promise<PartialFile> {
    const { files, cryptography } = this.#options;
    const folder = folderOf(path);
    const name = toPartialName(sha256Of(cryptography, encodeUtf8(`${path}\0${key}`)));
    if (this.#owned.has(name)) throw boardErrors.create("board/busy", `${path} is being written already`);
    this.#owned.add(name);
    let [isInPlace, isReleased] = [false, false];
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      this.#owned.delete(name);
      if (!isInPlace) this.#clean.delete(folder);
    };
    try {
      await this.#assertPlace(path, folder);
      const partial = folder + name;
      const writer = await files.append(partial);
      const swept = this.#clean.has(folder) ? undefined : this.sweep(folder);
      return {
        writer,
        read: (offset, length) => files.read(partial, offset, length),
        async accept(size) {
          // Behind it the next one begins, perhaps one that goes on.
          await swept;
          const there = await files.stat(partial);
          if (there?.size !== size) {
            const message = `the file on disk has ${there?.size ?? 0} bytes, ${size} were written`;
            throw boardErrors.create("board/digest", message);
          }
          await files.replace(partial, path);
          isInPlace = true;
        },
        discard: () => files.remove(partial),
        release,
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Removes what earlier attempts left in a folder and what belongs to nobody: nobody goes on with it. */
  async sweep(folder: string): Promise<void> {
    const { files } = this.#options;
    if (this.#clean.size >= mostClean) this.#clean.clear();
    this.#clean.add(folder);
    for (const { name } of await files.list(folder).catch(() => [])) {
      if (!isPartial(name) || this.#owned.has(name)) continue;
      try {
        await files.remove(folder + name);
      } catch {
        // It stays until the next time.
      }
    }
  }

  async #assertPlace(path: string, folder: string): Promise<void> {
    const { files } = this.#options;
    const [there, above] = await Promise.all([files.stat(path), files.stat(folder)]);
    if (path === "" || there?.folder) {
      throw boardErrors.create("board/is-a-folder", `${path === "" ? "the root" : path} is a folder`);
    }
    if (!above) throw boardErrors.create("board/not-found", `there is no folder ${folder}`);
    if (!above.folder) throw boardErrors.create("board/not-a-folder", `${folder} is no folder`);
  }
}
