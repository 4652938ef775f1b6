import type { OnReadOpts, Socket } from "node:net";
import type { BytePort, BytePortListener } from "../../base/index.ts";
import { systemClock } from "../clock.ts";
import { ReadPace, shortestMessage } from "./read-pace.ts";

/** What all sockets read into, one after the other: what came is copied from it before the next one reads. */
const buffer = Buffer.allocUnsafeSlow(65_536);

/**
 * A socket, plain or TLS, as a byte port. Make it first, and the socket with what `createReading` gives: that spares Node's
 * streams.
 */
export class SocketPort implements BytePort {
  #socket: Socket | undefined;
  #listener: BytePortListener | undefined;
  /** What came before somebody listened, or after a pause was asked for. */
  #unread: Uint8Array[] | undefined;
  #closing = false;
  #closed = false;
  #paused = true;
  #paced = false;
  #pace: ReadPace | undefined;

  /** Node's option `onread` for the socket that `open` is to take. */
  createReading(): OnReadOpts {
    return { buffer, callback: (length) => this.#onBytes(length) };
  }

  /** Takes the socket, once that is open. */
  open(socket: Socket): this {
    this.#socket = socket;
    // What goes wrong closes the socket, which keeps the reason.
    socket.on("error", ignore);
    socket.on("close", () => {
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
    const taken = this.#socket.write(bytes);
    if (!taken && this.#socket.listenerCount("drain") === 0) {
      this.#socket.once("drain", () => {
        if (!this.#closing) this.#listener?.onWritable();
      });
    }
    return taken;
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.#readOrNot();
    // Never from inside a call of the port's own methods.
    if (!paused && (this.#unread || this.#closed)) process.nextTick(() => this.#deliver());
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
    if (this.#listener && !this.#paused && !this.#unread) this.#give(bytes);
    else (this.#unread ??= []).push(bytes);
  }

  #deliver(): void {
    while (this.#unread && !this.#paused && !this.#closing) {
      const bytes = this.#unread.shift();
      if (bytes) this.#give(bytes);
      else this.#unread = undefined;
    }
    // The end comes behind all that was received before it.
    if (this.#closed && (this.#closing || !this.#paused)) this.#tellClosed();
  }

  #give(bytes: Uint8Array): void {
    if (bytes.length >= shortestMessage) (this.#pace ??= this.#createPace()).count(bytes.length);
    this.#listener?.onData(bytes);
  }

  #createPace(): ReadPace {
    return new ReadPace(systemClock, (held) => {
      this.#paced = held;
      this.#readOrNot();
    });
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
    listener?.onClose(this.#closing ? undefined : (this.#socket?.errored ?? undefined));
  }
}

function ignore(): void {}
