import { createHash, randomUUID } from "node:crypto";
import { realpathSync, rmSync } from "node:fs";
import { link, open, rename, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

/** A folder that no other process may use; let go by `release`, or by the end of the process, however that comes. */
export interface FolderClaim {
  release(): Promise<void>;
}

/**
 * Claims a folder for this process, by sockets: the system closes these with the process, which a file would outlive. One is
 * named after the folder. On Linux another one is in it, as `claim.sock`, since containers that share a folder do not share
 * the names of sockets; where the file system has no sockets, containers are not told from each other. Nor are machines that
 * share a folder over a network.
 *
 * @returns `undefined` if another process has it
 */
export async function claimFolder(folder: string): Promise<FolderClaim | undefined> {
  const path = realpathSync(folder);
  const named = await listenAt(pathOf(path));
  if (!named) return undefined;
  const inside = process.platform === "linux" ? await claimInside(path) : () => Promise.resolve();
  if (!inside) {
    await close(named);
    return undefined;
  }
  return {
    release: async () => {
      await inside();
      await close(named);
    },
  };
}

function pathOf(folder: string): string {
  const name = `moteq-${createHash("sha256").update(folder).digest("hex").slice(0, 32)}`;
  // On Linux a name without a file, which vanishes with the process.
  if (process.platform === "linux") return `\0${name}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

/** Listens where nobody does. */
async function listenAt(path: string): Promise<Server | undefined> {
  const server = await listen(path);
  // A name without a file has somebody; one with a file may be what a killed process has left behind.
  if (server || process.platform === "linux" || process.platform === "win32") return server;
  if (await isAnswered(path)) return undefined;
  rmSync(path, { force: true });
  return listen(path);
}

/**
 * Puts a socket into the folder.
 *
 * @returns what takes it away again; `undefined` if there is one that answers
 */
async function claimInside(folder: string): Promise<(() => Promise<void>) | undefined> {
  const own = join(folder, `claim-${randomUUID()}.sock`);
  const path = join(folder, "claim.sock");
  const server = await withShortPath(own, listen).catch(() => undefined);
  if (!server) return () => Promise.resolve();
  try {
    // It answers already when it gets its name.
    if (await takeName(own, path)) {
      return async () => {
        await rm(path, { force: true });
        await close(server);
      };
    }
  } finally {
    await rm(own, { force: true });
  }
  await close(server);
  return undefined;
}

/** Gives a socket a second name, which nobody may have that answers. */
async function takeName(own: string, path: string): Promise<boolean> {
  if (await succeeds(link(own, path))) return true;
  if (await withShortPath(path, isAnswered)) return false;
  // It was left behind by a kill; unless somebody else has found that too, and has taken its place meanwhile.
  const old = `${own}.old`;
  await succeeds(rename(path, old));
  const isTaken = await withShortPath(old, isAnswered);
  if (isTaken) await succeeds(link(old, path));
  // A folder of that name, which nobody of ours makes, stays there.
  await succeeds(rm(old, { force: true }));
  return !isTaken && succeeds(link(own, path));
}

/** Does something with a socket's path, which may have a hundred characters only: by the number of its open folder. */
async function withShortPath<T>(path: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await open(dirname(path), "r");
  try {
    return await use(`/proc/self/fd/${folder.fd}/${basename(path)}`);
  } finally {
    await folder.close();
  }
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => resolve(server));
    // It must not keep the process alive.
    server.unref();
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    // Who has no right to ask is answered by somebody, too.
    socket.once("error", ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== "ECONNREFUSED" && code !== "ENOENT"),
    );
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
