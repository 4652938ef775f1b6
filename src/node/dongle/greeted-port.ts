import type { BytePort, BytePortListener, Clock, Timer } from "../../base/index.ts";
import { decodeSerialPacket, type SerialHello, SerialFrameReader } from "../../wire/index.ts";

/** How often a zero is sent, in milliseconds: it ends what a board may still be in the middle of reading. */
const zeroMs = 500;
const longestHello = 217;
/** How long closing may take, in milliseconds. What passes a port on by TCP may never end as long as the board speaks. */
const closeMs = 500;

/**
 * A byte port on which the other side is left to speak first. A board that is starting takes some bytes for Ctrl-C, and
 * a board that is no dongle should not be sent anything at all: zeros mean nothing to either.
 */
export class GreetedPort implements BytePort {
  readonly #port: BytePort;
  readonly #clock: Clock;
  readonly #reader = new SerialFrameReader(longestHello);
  #listener: BytePortListener | undefined;
  #closed: { readonly error: Error | undefined } | undefined;
  #settle: (hello: SerialHello | undefined) => void = () => {};
  #tellClosed: () => void = () => {};

  constructor(port: BytePort, clock: Clock) {
    this.#port = port;
    this.#clock = clock;
    port.start({
      onData: (bytes) => (this.#listener ? this.#listener.onData(bytes) : this.#read(bytes)),
      onWritable: () => this.#listener?.onWritable(),
      onClose: (error) => {
        this.#closed = { error };
        this.#settle(undefined);
        this.#listener?.onClose(error);
        this.#tellClosed();
      },
    });
  }

  /** Waits for the other side's hello; `undefined` if none comes in time, or the port closes. */
  async greeting(timeoutMs: number): Promise<SerialHello | undefined> {
    const timers: Timer[] = [];
    const nudge = () => {
      this.#port.write(Uint8Array.of(0));
      timers[1] = this.#clock.setTimer(zeroMs, nudge);
    };
    const hello = await new Promise<SerialHello | undefined>((resolve) => {
      this.#settle = resolve;
      if (this.#closed) resolve(undefined);
      timers[0] = this.#clock.setTimer(timeoutMs, () => resolve(undefined));
      nudge();
    });
    for (const timer of timers) timer.cancel();
    return hello;
  }

  /** Whether the port has closed, and why. */
  get closed(): { readonly error: Error | undefined } | undefined {
    return this.#closed;
  }

  start(listener: BytePortListener): void {
    this.#listener = listener;
    if (this.#closed) {
      const { error } = this.#closed;
      void Promise.resolve().then(() => listener.onClose(error));
    }
  }

  write(bytes: Uint8Array): boolean {
    return this.#port.write(bytes);
  }

  pause(paused: boolean): void {
    this.#port.pause(paused);
  }

  close(how?: "flush" | "abort"): void {
    this.#port.close(how);
  }

  /** Closes it and waits until that is done: a serial port can be opened again only then. */
  async release(how?: "flush" | "abort"): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#closed) return resolve();
      const timer = this.#clock.setTimer(closeMs, () => {
        this.#port.close("abort");
        resolve();
      });
      this.#tellClosed = () => {
        timer.cancel();
        resolve();
      };
      this.#port.close(how);
      return undefined;
    });
  }

  #read(bytes: Uint8Array): void {
    for (const content of this.#reader.read(bytes)) {
      const packet = decodeSerialPacket(content);
      if (packet?.type === "hello" || packet?.type === "welcome") this.#settle(packet);
    }
  }
}
