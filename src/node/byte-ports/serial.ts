import type { BytePort, BytePortListener, OpenBytePort } from "../../base/index.ts";
import { explainSerialError } from "./serial-errors.ts";

/** Which serial port, and how fast. */
export interface SerialOptions {
  /** `/dev/ttyUSB0`, `/dev/serial/by-id/…`, `COM3`. */
  readonly path: string;
  /** Bits a second. Ports that are USB throughout take no notice of it. */
  readonly baudRate: number;
}

/** A serial port that is open. A line has no end that the other side could announce: it closes only when it vanishes. */
export interface SerialBytePort extends BytePort {
  /**
   * Restarts the board by its control lines, as flashing tools do, and waits until that is done. Boards without
   * these lines, and ports that are none of hardware, take no notice.
   */
  pulseReset(): Promise<void>;
}

/** The part of the package `serialport` that is used. */
interface Stream {
  readonly isOpen: boolean;
  on(event: "data", listener: (bytes: Buffer) => void): unknown;
  on(event: "drain", listener: () => void): unknown;
  on(event: "close" | "error", listener: (error: Error | null) => void): unknown;
  open(callback: (error: Error | null) => void): void;
  write(bytes: Uint8Array): boolean;
  pause(): unknown;
  resume(): unknown;
  drain(callback: () => void): void;
  close(callback: (error: Error | null) => void): void;
  get(callback: (error: Error | null) => void): void;
  set(lines: { dtr: boolean; rts: boolean }, callback: (error: Error | null) => void): void;
}

/**
 * Opens serial ports: eight bits, no parity, no flow control. No other program can open one meanwhile. Opening rejects
 * with `serial/no-port`, `serial/no-permission`, `serial/busy`, `serial/no-serial-port` or `serial/failed`.
 */
export function serial(
  options: SerialOptions,
): (...parameters: Parameters<OpenBytePort>) => Promise<SerialBytePort> {
  return async ({ signal }) => {
    // Loaded here: a gateway whose radio is another needs no native code.
    const { SerialPort } = await import("serialport");
    const stream: Stream = new SerialPort({ ...options, autoOpen: false, hupcl: false });
    const error = await new Promise<Error | null>((resolve) => stream.open(resolve));
    if (error) throw explainSerialError(error, options.path);
    const port = new SerialLine(stream);
    if (signal?.aborted) {
      port.close("abort");
      throw signal.reason;
    }
    return port;
  };
}

/** How often a port is looked at that says nothing, in milliseconds. */
const lookMs = 250;

class SerialLine implements SerialBytePort {
  readonly #stream: Stream;
  #listener: BytePortListener | undefined;
  #closing = false;
  #closed: { readonly error: Error | undefined } | undefined;
  #vanished: Error | undefined;
  readonly #look: NodeJS.Timeout;

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.pause();
    // What goes wrong closes the port, and its reason comes with that.
    stream.on("error", () => {});
    stream.on("close", (error) => this.#onClose(error ?? this.#vanished));
    // A port that vanishes while it is being read is read as empty for ever: only asking for its lines tells.
    this.#look = setInterval(() => this.#stream.get((error) => this.#onLook(error)), lookMs);
    this.#look.unref();
  }

  start(listener: BytePortListener): void {
    this.#listener = listener;
    this.#stream.on("data", (bytes) => {
      if (!this.#closing) listener.onData(bytes);
    });
    this.#stream.on("drain", () => {
      if (!this.#closing) listener.onWritable();
    });
    if (this.#closed) process.nextTick(() => this.#tellClosed());
    else this.#stream.resume();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closing || !this.#stream.isOpen) return true;
    return this.#stream.write(bytes);
  }

  pause(paused: boolean): void {
    if (paused && !this.#closing) this.#stream.pause();
    else this.#stream.resume();
  }

  close(how: "flush" | "abort" = "flush"): void {
    const first = !this.#closing;
    this.#closing = true;
    if (this.#closed) return;
    if (how === "abort") this.#closeStream();
    else if (first) this.#stream.drain(() => this.#closeStream());
  }

  async pulseReset(): Promise<void> {
    const set = (rts: boolean) =>
      new Promise<void>((resolve) => this.#stream.set({ dtr: false, rts }, () => resolve()));
    await set(true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await set(false);
  }

  #onLook(error: Error | null): void {
    // Ports that are none of hardware have no such lines.
    if (!error || /inappropriate ioctl/i.test(error.message)) return;
    this.#vanished = error;
    this.#closeStream();
  }

  #closeStream(): void {
    if (this.#stream.isOpen) this.#stream.close(() => {});
  }

  #onClose(error: Error | undefined): void {
    clearInterval(this.#look);
    const vanished = new Error("the serial port has vanished", { cause: error });
    this.#closed = { error: this.#closing ? undefined : vanished };
    this.#closing = true;
    this.#tellClosed();
  }

  #tellClosed(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onClose(this.#closed?.error);
  }
}
