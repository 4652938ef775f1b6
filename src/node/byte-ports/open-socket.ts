import type { Socket } from "node:net";
import { type AbortSignalLike, type BytePort, onAbort } from "../../base/index.ts";
import { SocketPort } from "./socket-port.ts";

/** Waits until a socket that connects is open, and makes a byte port of it. */
export function openSocket(
  socket: Socket,
  readyEvent: "connect" | "secureConnect",
  signal: AbortSignalLike | undefined,
): Promise<BytePort> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void) => {
      release();
      socket.off(readyEvent, onReady);
      socket.off("error", onError);
      action();
    };
    const onReady = () => settle(() => resolve(new SocketPort(socket)));
    const onError = (error: Error) => settle(() => reject(error));
    socket.once(readyEvent, onReady);
    socket.once("error", onError);
    const release = onAbort(signal, () => {
      socket.off(readyEvent, onReady);
      socket.off("error", onError);
      socket.on("error", () => {});
      socket.destroy();
      reject(signal?.reason);
    });
  });
}
