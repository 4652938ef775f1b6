import { createServer, type Server, type Socket } from "node:net";
import { onAbort, type OpenBytePort } from "../../base/index.ts";
import type { TcpOptions } from "./tcp.ts";
import { SocketPort } from "./socket-port.ts";

/**
 * Waits for others to connect: each opening gives the next connection. The server begins with the first opening and ends
 * with its signal. One connection is served at a time: whoever comes meanwhile takes its place, since the one before may be
 * half-dead.
 */
export function tcpListener({ host, port }: TcpOptions): OpenBytePort {
  let listening: Promise<Server> | undefined;
  let waiting: ((socket: Socket) => void) | undefined;
  let next: Socket | undefined;
  let current: Socket | undefined;
  const take = (socket: Socket) => {
    socket.on("error", () => {});
    current?.destroy();
    if (waiting) {
      current = socket;
      waiting(socket);
      waiting = undefined;
      return;
    }
    next?.destroy();
    next = socket;
    socket.pause();
  };
  return async ({ signal }) => {
    listening ??= listen(host, port, take);
    const server = await listening.catch((error: unknown) => {
      listening = undefined;
      throw error;
    });
    return new Promise((resolve, reject) => {
      const release = onAbort(signal, () => {
        server.close();
        next?.destroy();
        listening = undefined;
        waiting = undefined;
        reject(signal?.reason);
      });
      const accept = (socket: Socket) => {
        // The signal goes on to end the server, connection or not.
        if (!signal) release();
        resolve(new SocketPort().accept(socket));
      };
      const early = next;
      next = undefined;
      if (early && !early.destroyed) {
        current = early;
        accept(early);
      } else waiting = accept;
    });
  };
}

function listen(host: string, port: number, take: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, take);
    // Also later: a connection that cannot be accepted (no file descriptors left) is no reason to stop.
    server.on("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}
