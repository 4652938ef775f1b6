import { createHash } from "node:crypto";
import { realpathSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that no other process may use; let go by `release`, or by the end of the process, however that comes. */
export interface FolderClaim {
  release(): Promise<void>;
}

/**
 * Claims a folder for this process, by a socket that is named after it: the system closes that with the process, which a
 * file would outlive.
 *
 * @returns `undefined` if another process has it
 */
export async function claimFolder(folder: string): Promise<FolderClaim | undefined> {
  const path = socketPath(realpathSync(folder));
  const server = (await listen(path)) ?? (await listenAfterCrash(path));
  if (!server) return undefined;
  // It must not keep the process alive.
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function socketPath(folder: string): string {
  const name = `moteq-${createHash("sha256").update(folder).digest("hex").slice(0, 32)}`;
  // On Linux a name without a file, which vanishes with the process.
  if (process.platform === "linux") return `\0${name}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => resolve(server));
  });
}

/** Elsewhere a killed process leaves the socket's file behind, at which nobody answers. */
async function listenAfterCrash(path: string): Promise<Server | undefined> {
  if (process.platform === "linux" || process.platform === "win32" || (await isAnswered(path)))
    return undefined;
  rmSync(path, { force: true });
  return listen(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
