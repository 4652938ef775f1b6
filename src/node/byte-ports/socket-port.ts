import type { OnReadOpts, Socket } from "node:net";
import type { BytePort, BytePortListener } from "../../base/index.ts";
import { systemClock } from "../clock.ts";
import { ReadPace } from "./read-pace.ts";

/** What all sockets read into, one after the other: what came is copied from it before the next one reads. */
const buffer = Buffer.allocUnsafeSlow(65_536);

/** A socket, plain or TLS, as a byte port. Make it first, and the socket with its `onread`: that spares Node's streams. */
export class SocketPort implements BytePort {
  readonly onread: OnReadOpts = { buffer, callback: (length) => this.#onBytes(length) };
  #socket: Socket | undefined;
  #listener: BytePortListener | undefined;
  /** What came before somebody listened, or after a pause was asked for. */
  readonly #unread: Uint8Array[] = [];
  #error: Error | undefined;
  #closing = false;
  #closed = false;
  #paused = true;
  #paced = false;
  readonly #pace = new ReadPace(systemClock, (held) => {
    this.#paced = held;
    this.#readOrNot();
  });

  /** Takes the socket, once that is open. */
  open(socket: Socket): this {
    this.#socket = socket;
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.on("drain", () => {
      if (!this.#closing) this.#listener?.onWritable();
    });
    socket.once("close", () => {
      this.#closed = true;
      this.#deliver();
    });
    // Nobody listens yet: nothing may be lost until then.
    socket.pause();
    return this;
  }

  /** Takes a socket that a server has accepted: those cannot be given a buffer to read into. */
  accept(socket: Socket): this {
    socket.on("data", (bytes: Uint8Array) => this.#onData(bytes));
    return this.open(socket);
  }

  start(listener: BytePortListener): void {
    this.#listener = listener;
    this.pause(false);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closing || !this.#socket?.writable) return true;
    return this.#socket.write(bytes);
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.#readOrNot();
    // Never from inside a call of the port's own methods.
    if (!paused && (this.#unread.length > 0 || this.#closed)) process.nextTick(() => this.#deliver());
  }

  close(how: "flush" | "abort" = "flush"): void {
    const first = !this.#closing;
    this.#closing = true;
    if (how === "abort") this.#socket?.destroy();
    else if (first) {
      this.#socket?.end();
      this.#readOrNot();
    }
    if (this.#closed) process.nextTick(() => this.#deliver());
  }

  /** Bytes are in the buffer; returns whether to read on. */
  #onBytes(length: number): boolean {
    if (this.#closing) return true;
    this.#onData(Uint8Array.prototype.slice.call(buffer, 0, length));
    return !this.#isHeld;
  }

  #onData(bytes: Uint8Array): void {
    if (this.#closing) return;
    this.#unread.push(bytes);
    this.#deliver();
  }

  #deliver(): void {
    while (this.#listener && !this.#paused && !this.#closing) {
      const bytes = this.#unread.shift();
      if (!bytes) break;
      this.#pace.count(bytes.length);
      this.#listener.onData(bytes);
    }
    // The end comes behind all that was received before it.
    if (this.#closed && (this.#closing || !this.#paused)) this.#tellClosed();
  }

  /** Once closing, what still comes is dropped, so that the other side's end is seen behind it. */
  get #isHeld(): boolean {
    return !this.#closing && (this.#paused || this.#paced);
  }

  #readOrNot(): void {
    if (this.#isHeld) this.#socket?.pause();
    else this.#socket?.resume();
  }

  #tellClosed(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onClose(this.#closing ? undefined : this.#error);
  }
}
