import {
  type BytePort,
  type BytePortListener,
  type Clock,
  onAbort,
  type OpenBytePort,
} from "../base/index.ts";

/** What is needed of the `WebSocket` that browsers have, and engines that follow them. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
  addEventListener(
    type: "open" | "message" | "error" | "close",
    listener: (event: { readonly data?: unknown; readonly wasClean?: boolean }) => void,
  ): void;
}

/** How many bytes may wait in the socket before a writer is asked to hold back. */
const bufferBytes = 65_536;
/** How often it is looked whether they are gone, in milliseconds: the socket does not tell. */
const lookMs = 10;
/** Such a socket cannot be paused: what comes meanwhile is kept up to so many bytes. */
const unreadBytes = 16 * 1_048_576;
/** `readyState`: the socket is open. */
const open = 1;

/**
 * Opens connections over the standard `WebSocket`: for a client in a browser.
 *
 * @example
 * const open = openWebSocket(() => new WebSocket("wss://broker.example/mqtt", "mqtt"), clock);
 *
 * @param create makes a socket; with the subprotocol `mqtt` (MQTT 3.1.1, 6)
 */
export function openWebSocket(create: () => WebSocketLike, clock: Clock): OpenBytePort {
  return ({ signal }) =>
    new Promise((resolve, reject) => {
      const socket = create();
      socket.binaryType = "arraybuffer";
      const release = onAbort(signal, () => {
        socket.close();
        reject(signal?.reason);
      });
      // Browsers do not tell why.
      socket.addEventListener("error", () => {});
      socket.addEventListener("close", () => {
        release();
        reject(new Error("the WebSocket could not be opened"));
      });
      socket.addEventListener("open", () => {
        release();
        resolve(new WebSocketPort(socket, clock));
      });
    });
}

class WebSocketPort implements BytePort {
  readonly #socket: WebSocketLike;
  readonly #clock: Clock;
  #listener: BytePortListener | undefined;
  #unread: Uint8Array[] = [];
  #unreadLength = 0;
  #error: Error | undefined;
  #paused = true;
  #closing = false;
  #closed = false;
  #isFull = false;

  constructor(socket: WebSocketLike, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", ({ wasClean = true }) => {
      if (!wasClean) this.#error ??= new Error("the WebSocket was closed without a goodbye");
      this.#closed = true;
      this.#deliver();
    });
  }

  start(listener: BytePortListener): void {
    this.#listener = listener;
    this.pause(false);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closing || this.#socket.readyState !== open) return true;
    this.#socket.send(bytes as Uint8Array<ArrayBuffer>);
    if (!this.#isFull && this.#socket.bufferedAmount > bufferBytes) {
      this.#isFull = true;
      this.#look();
    }
    return !this.#isFull;
  }

  pause(paused: boolean): void {
    this.#paused = paused && !this.#closing;
    if (!this.#paused) void Promise.resolve().then(() => this.#deliver());
  }

  /** Nothing can be dropped that the socket has; `abort` does not wait for the other side's end. */
  close(how: "flush" | "abort" = "flush"): void {
    if (!this.#closing) this.#socket.close(1000);
    this.#closing = true;
    if (how === "abort") this.#closed = true;
    this.pause(false);
  }

  #receive(data: unknown): void {
    if (this.#closing) return;
    if (data instanceof ArrayBuffer) {
      this.#unread.push(new Uint8Array(data));
      this.#unreadLength += data.byteLength;
      this.#deliver();
      if (this.#unreadLength <= unreadBytes) return;
      this.#error = new Error(`more than ${unreadBytes} bytes came that nobody read`);
    } else this.#error = new Error("the other side sent text where bytes were expected (MQTT 3.1.1, 6)");
    this.#socket.close(1000);
    this.#closed = true;
    this.#deliver();
  }

  #deliver(): void {
    while (this.#listener && !this.#paused && !this.#closing) {
      const bytes = this.#unread.shift();
      if (!bytes) break;
      this.#unreadLength -= bytes.length;
      this.#listener.onData(bytes);
    }
    // The end comes behind all that was received before it.
    if (!this.#closed || this.#paused) return;
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onClose(this.#closing ? undefined : this.#error);
  }

  /** Looks again and again whether what was written is gone. */
  #look(): void {
    this.#clock.setTimer(lookMs, () => {
      if (this.#closing || this.#closed) return;
      if (this.#socket.bufferedAmount > 0) return this.#look();
      this.#isFull = false;
      this.#listener?.onWritable();
    });
  }
}
