import type { OnReadOpts, Socket } from "node:net";
import { type AbortSignalLike, type BytePort, onAbort } from "../../base/index.ts";
import { SocketPort } from "./socket-port.ts";

/**
 * Opens a socket and makes a byte port of it.
 *
 * @param connect begins to connect a socket that reads with these options
 */
export function openSocket(
  connect: (options: { onread: OnReadOpts }) => Socket,
  readyEvent: "connect" | "secureConnect",
  signal: AbortSignalLike | undefined,
): Promise<BytePort> {
  const port = new SocketPort();
  const socket = connect({ onread: port.createReading() });
  return new Promise((resolve, reject) => {
    const settle = (action: () => void) => {
      release();
      socket.off(readyEvent, onReady);
      socket.off("error", onError);
      action();
    };
    const onReady = () => settle(() => resolve(port.open(socket)));
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
