import { constants, type Stats } from "node:fs";
import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rmdir,
  stat,
  unlink,
} from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { concatBytes } from "../../base/index.ts";
import {
  boardErrors,
  type BoardFiles,
  type FileEntry,
  type FileWriter,
  outsideError,
} from "../../board/index.ts";
import { codeOf, guardFiles } from "./file-errors.ts";

/** The files below one folder, and nothing outside it, whatever links say. */
export class NodeBoardFiles implements BoardFiles {
  readonly #root: Promise<string>;

  /** @param root must be there */
  constructor(root: string) {
    this.#root = realpath(root);
    this.#root.catch(() => {});
  }

  stat(path: string): Promise<{ folder: boolean; size: number } | undefined> {
    return guardFiles(path, async () => {
      const target = await this.#inside(path).catch((error: unknown) => {
        if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
        throw error;
      });
      if (target === undefined) return undefined;
      const found = await stat(target);
      return { folder: found.isDirectory(), size: found.isDirectory() ? 0 : found.size };
    });
  }

  list(path: string): Promise<FileEntry[]> {
    return guardFiles(path, async () => {
      const folder = await this.#inside(path);
      const entries: FileEntry[] = [];
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        // A link that leads out, or nowhere, is shown as an empty file: it can be removed, not followed.
        const link = entry.isSymbolicLink();
        const found = link
          ? await this.stat(join(path, entry.name)).catch(() => {})
          : {
              folder: entry.isDirectory(),
              size: entry.isFile() ? await sizeOf(join(folder, entry.name)) : 0,
            };
        entries.push({ name: entry.name, folder: found?.folder ?? false, size: found?.size ?? 0, link });
      }
      return entries;
    });
  }

  read(path: string, offset: number, size: number): Promise<Uint8Array> {
    return guardFiles(path, async () => {
      const file = await this.#openFile(await this.#inside(path), path);
      try {
        return await readFully(file, offset, size);
      } finally {
        await file.close();
      }
    });
  }

  makeFolder(path: string): Promise<void> {
    return guardFiles(path, async () => {
      const target = await this.#insideFolder(path);
      await mkdir(target);
      await syncFolder(dirname(target));
    });
  }

  remove(path: string): Promise<void> {
    return guardFiles(path, async () => {
      const target = await this.#insideFolder(path);
      if ((await lstat(target)).isDirectory())
        throw boardErrors.create("board/is-a-folder", `${path} is a folder`);
      await unlink(target);
      await syncFolder(dirname(target));
    });
  }

  removeFolder(path: string): Promise<void> {
    return guardFiles(path, async () => {
      const target = await this.#insideFolder(path);
      await rmdir(target);
      await syncFolder(dirname(target));
    });
  }

  rename(path: string, to: string): Promise<void> {
    return this.#rename(path, to, () => Promise.resolve());
  }

  replace(path: string, to: string): Promise<void> {
    return this.#rename(path, to, async (from, target) => {
      const there = await lstat(target).catch(() => {});
      if (there?.isFile()) await chmod(from, there.mode & 0o777);
    });
  }

  append(path: string): Promise<FileWriter> {
    return guardFiles(path, async () => {
      // A link in its place is not followed.
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
      return await openWriter(await open(await this.#insideFolder(path), flags, 0o644), path);
    });
  }

  async #openFile(target: string, path: string): Promise<FileHandle> {
    // To open a pipe or a device does something already.
    assertFile(await stat(target), path);
    // Not blocking: if it is a pipe by now, that would keep the agent waiting.
    const file = await open(target, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      assertFile(await file.stat(), path);
    } catch (error) {
      await file.close();
      throw error;
    }
    return file;
  }

  /** Where a path really is. @throws `board/outside` */
  async #inside(path: string): Promise<string> {
    const root = await this.#root;
    const target = await realpath(join(root, path));
    if (target !== root && !target.startsWith(root === sep ? sep : root + sep)) throw outsideError(path);
    return target;
  }

  /** A path whose last part need not be there, or is a link that is meant itself. @throws `board/outside` */
  async #insideFolder(path: string): Promise<string> {
    const folder = await this.#inside(dirname(path));
    return join(folder, path.slice(path.lastIndexOf("/") + 1));
  }

  #rename(path: string, to: string, prepare: (from: string, target: string) => Promise<void>): Promise<void> {
    return guardFiles(`${path} to ${to}`, async () => {
      const [from, target] = await Promise.all([this.#insideFolder(path), this.#insideFolder(to)]);
      await prepare(from, target);
      await rename(from, target);
      // In this order a power cut leaves both names rather than none.
      await syncFolder(dirname(target));
      if (dirname(from) !== dirname(target)) await syncFolder(dirname(from));
    });
  }
}

/** @throws `board/is-a-folder` */
function assertFile(found: Stats, path: string): void {
  if (found.isFile()) return;
  const what = found.isDirectory() ? "a folder" : "no file";
  throw boardErrors.create("board/is-a-folder", `${path} is ${what}`);
}

/** A file that is appended to. */
export async function openWriter(file: FileHandle, path: string): Promise<FileWriter & { size: number }> {
  const { size } = await file.stat();
  let closed = false;
  return {
    size,
    write: (pieces) =>
      guardFiles(path, async () => {
        let done = (await file.writev(pieces)).bytesWritten;
        // A disk that is almost full may take a part of it.
        const bytes = done < lengthOf(pieces) ? concatBytes(pieces) : nothing;
        while (done < bytes.length) done += (await file.write(bytes, done)).bytesWritten;
      }),
    sync: () => guardFiles(path, () => file.sync()),
    async close() {
      if (!closed) await guardFiles(path, () => file.close());
      closed = true;
    },
  };
}

const nothing = new Uint8Array(0);

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** Reads until `size` bytes are there or the file ends. */
export async function readFully(file: FileHandle, offset: number, size: number): Promise<Uint8Array> {
  const left = Math.max(0, (await file.stat()).size - offset);
  const bytes = new Uint8Array(Math.min(size, left));
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, offset + done);
    if (bytesRead === 0) return bytes.slice(0, done);
    done += bytesRead;
  }
  return bytes;
}

/** Makes a renamed or new name survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** 0 for what has just gone, and for what cannot be named: a name need not be UTF-8. */
function sizeOf(path: string): Promise<number> {
  return lstat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
