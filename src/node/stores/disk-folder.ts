import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { claimFolder } from "./folder-claim.ts";
import { storeInUse } from "./store-errors.ts";
import type { StoreFile, StoreFolder } from "./store-folder.ts";

/**
 * A folder on the disk, made if it is not there; no other process has it until it is closed.
 *
 * @throws `store/in-use`, and what the file system throws
 */
export async function openDiskFolder(path: string): Promise<StoreFolder> {
  await mkdir(path, { recursive: true });
  const claim = await claimFolder(path);
  if (!claim) throw storeInUse(path);
  return {
    open: async (name) => {
      try {
        return toFile(await open(join(path, name), "r+"));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    create: async (name) => toFile(await open(join(path, name), "w+")),
    rename: (from, to) => rename(join(path, from), join(path, to)),
    remove: (name) => rm(join(path, name), { force: true }),
    sync: () => syncFolder(path),
    close: () => claim.release(),
  };
}

function toFile(handle: FileHandle): StoreFile {
  return {
    length: async () => (await handle.stat()).size,
    read: async (buffer, position) => {
      let filled = 0;
      for (let more = true; more && filled < buffer.length;) {
        const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled);
        filled += bytesRead;
        more = bytesRead > 0;
      }
      return filled;
    },
    write: async (bytes, position) => (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
    truncate: (length) => handle.truncate(length),
    // All that is needed to read it again, which its times are not.
    sync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

/** How file systems say that they have nothing of the kind. */
const unable = new Set(["EINVAL", "ENOTSUP", "EISDIR", "EPERM"]);

async function syncFolder(path: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    await handle.sync();
  } catch (error) {
    if (!unable.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    await handle?.close();
  }
}
