import type { Socket } from "node:net";
import type { BytePort, BytePortListener } from "../../base/index.ts";
import { systemClock } from "../clock.ts";
import { ReadPace } from "./read-pace.ts";

/** A connected socket, plain or TLS, as a byte port. */
export class SocketPort implements BytePort {
  readonly #socket: Socket;
  #listener: BytePortListener | undefined;
  #error: Error | undefined;
  #closing = false;
  #paused = false;
  #paced = false;
  readonly #pace = new ReadPace(systemClock, (held) => {
    this.#paced = held;
    this.#readOrNot();
  });

  constructor(socket: Socket) {
    this.#socket = socket;
    // Nobody listens yet: nothing may be lost until then.
    socket.pause();
    socket.on("error", (error) => {
      this.#error = error;
    });
  }

  start(listener: BytePortListener): void {
    const socket = this.#socket;
    this.#listener = listener;
    socket.on("data", (bytes: Buffer) => {
      if (this.#closing) return;
      this.#pace.count(bytes.length);
      listener.onData(bytes);
    });
    socket.on("drain", () => {
      if (!this.#closing) listener.onWritable();
    });
    if (socket.destroyed) process.nextTick(() => this.#onClose());
    else socket.once("close", () => this.#onClose());
    socket.resume();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closing || !this.#socket.writable) return true;
    return this.#socket.write(bytes);
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.#readOrNot();
  }

  close(how: "flush" | "abort" = "flush"): void {
    const first = !this.#closing;
    this.#closing = true;
    if (how === "abort") this.#socket.destroy();
    else if (first) {
      this.#socket.end();
      this.#readOrNot();
    }
  }

  #readOrNot(): void {
    // Once closing, what still comes is dropped, so that the other side's end is seen behind it.
    if (!this.#closing && (this.#paused || this.#paced)) this.#socket.pause();
    else this.#socket.resume();
  }

  #onClose(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onClose(this.#closing ? undefined : this.#error);
  }
}
