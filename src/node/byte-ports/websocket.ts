import type { WebSocket } from "ws";
import {
  type BytePort,
  type BytePortListener,
  onAbort,
  type OpenBytePort,
  throwIfAborted,
} from "../../base/index.ts";
import type { TlsOptions } from "./tls.ts";

/** Where and how to connect. */
export interface WebSocketOptions extends TlsOptions {
  /** `ws://…` or `wss://…` */
  readonly url: string;
  /** The subprotocol asked for. Default `mqtt` (MQTT 3.1.1, 6). */
  readonly protocol?: string;
}

/** How many bytes may wait in the socket before a writer is asked to hold back. */
const bufferBytes = 65_536;

/** Opens WebSocket connections that carry bytes in binary messages. Opening rejects with what went wrong. */
export function webSocket({ url, protocol = "mqtt", ...tls }: WebSocketOptions): OpenBytePort {
  return async ({ signal }) => {
    const ws = await import("ws");
    throwIfAborted(signal);
    return new Promise((resolve, reject) => {
      // Compressing small packets costs more than it saves.
      const socket = new ws.WebSocket(url, protocol, { ...tls, perMessageDeflate: false });
      const release = onAbort(signal, () => {
        reject(signal?.reason);
        socket.terminate();
      });
      const port = new WebSocketPort(socket);
      socket.once("open", () => {
        release();
        resolve(port);
      });
      socket.once("error", (error) => {
        release();
        reject(error);
      });
    });
  };
}

class WebSocketPort implements BytePort {
  readonly #socket: WebSocket;
  #listener: BytePortListener | undefined;
  /** What came before `start`, or while paused: the socket may have read more already. */
  readonly #unread: Uint8Array[] = [];
  #error: Error | undefined;
  #paused = true;
  #closing = false;
  #closed = false;
  #full = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer, isBinary) => this.#onMessage(data, isBinary));
    socket.on("error", (error) => {
      this.#error ??= error;
    });
    socket.once("close", () => {
      this.#closed = true;
      this.#deliver();
    });
  }

  start(listener: BytePortListener): void {
    this.#listener = listener;
    this.pause(false);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closing || this.#socket.readyState !== this.#socket.OPEN) return true;
    this.#socket.send(bytes, () => this.#onSent());
    this.#full = this.#socket.bufferedAmount > bufferBytes;
    return !this.#full;
  }

  pause(paused: boolean): void {
    this.#paused = paused && !this.#closing;
    if (this.#paused) this.#socket.pause();
    else {
      this.#socket.resume();
      process.nextTick(() => this.#deliver());
    }
  }

  close(how: "flush" | "abort" = "flush"): void {
    const first = !this.#closing;
    this.#closing = true;
    // Reading goes on, though what comes is dropped: behind it is the other side's end.
    this.pause(false);
    if (how === "abort") this.#socket.terminate();
    else if (first) this.#socket.close(1000);
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (this.#closing) return;
    if (!isBinary) {
      this.#error = new Error("the other side sent text where bytes were expected (MQTT 3.1.1, 6)");
      this.#socket.terminate();
      return;
    }
    this.#unread.push(data);
    this.#deliver();
  }

  #deliver(): void {
    while (this.#listener && !this.#paused && !this.#closing) {
      const bytes = this.#unread.shift();
      if (!bytes) break;
      this.#listener.onData(bytes);
    }
    // The end comes behind all that was received before it.
    if (this.#closed && !this.#paused) this.#tellClosed();
  }

  #onSent(): void {
    if (!this.#full || this.#socket.bufferedAmount > 0) return;
    this.#full = false;
    if (!this.#closing) this.#listener?.onWritable();
  }

  #tellClosed(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onClose(this.#closing ? undefined : this.#error);
  }
}
