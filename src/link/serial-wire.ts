import {
  type BackoffOptions,
  type Clock,
  createAborter,
  createBackoff,
  messageOf,
  type OpenBytePort,
  type Random,
  sleep,
} from "../base/index.ts";
import { SerialConnection, type SerialChannelOptions } from "../wire/index.ts";
import type { LinkWire, LinkWireListener } from "./wire.ts";

/** How long what was taken has at the end to come to the other end, in milliseconds. */
const longestLingerMs = 2000;
const lingerStepMs = 10;

/** What a serial wire is made of. */
export interface SerialWireOptions extends Partial<Omit<SerialChannelOptions, "drawInstance">> {
  /** Opens the line; again and again, should it end. */
  readonly open: OpenBytePort;
  readonly clock: Clock;
  readonly random: Random;
  /** The delays between attempts to open. Default from half a second to 5 s. */
  readonly backoff?: BackoffOptions;
  /** Told when the line cannot be opened, or ends; it is tried again. */
  readonly onTrouble?: (text: string, kind: "not-opened" | "ended") => void;
}

/** A serial line as a {@link LinkWire}: eight-bit clean, and nothing on it is lost while both ends live. */
export class SerialWire implements LinkWire {
  readonly sevenBit = false;
  readonly #options: SerialWireOptions;
  readonly #aborter = createAborter();
  #listener: LinkWireListener | undefined;
  #connection: SerialConnection | undefined;

  constructor(options: SerialWireOptions) {
    this.#options = options;
  }

  start(listener: LinkWireListener): void {
    this.#listener = listener;
    void this.#run();
  }

  send(message: Uint8Array): boolean {
    return this.#connection?.send(message) === "taken";
  }

  isTooLong(message: Uint8Array): boolean {
    return message.length > (this.#connection?.peer?.maximumMessage ?? Infinity);
  }

  reset(): void {
    this.#connection?.restart();
  }

  close(): void {
    this.#listener = undefined;
    this.#aborter.abort(new Error("the wire was closed"));
    const connection = this.#connection;
    if (connection?.isUp && connection.pendingBytes > 0) void this.#linger(connection);
    else connection?.close();
  }

  /** What was taken and has not come to the other end gets some time to do so. */
  async #linger(connection: SerialConnection): Promise<void> {
    const { clock } = this.#options;
    const end = clock.monotonic() + longestLingerMs;
    while (connection === this.#connection && connection.pendingBytes > 0 && clock.monotonic() < end) {
      await sleep(clock, lingerStepMs);
    }
    connection.close();
  }

  /** Opens the line again and again, and serves it. */
  async #run(): Promise<void> {
    const { open, clock, random, onTrouble } = this.#options;
    const { signal } = this.#aborter;
    const backoff = createBackoff(random, this.#options.backoff ?? { maximumMs: 5000 });
    while (!signal.aborted) {
      try {
        const port = await open({ signal });
        if (signal.aborted) return port.close("abort");
        const served = await this.#serve(port);
        if (served.cameUp) backoff.reset();
        if (!signal.aborted) onTrouble?.(served.why, "ended");
      } catch (error) {
        if (!signal.aborted) onTrouble?.(messageOf(error), "not-opened");
      }
      await sleep(clock, backoff.next(), signal).catch(() => {});
    }
  }

  #serve(port: Awaited<ReturnType<OpenBytePort>>): Promise<{ why: string; cameUp: boolean }> {
    const { about = "link/1", ...options } = this.#options;
    return new Promise((resolve) => {
      let cameUp = false;
      this.#connection = new SerialConnection({
        ...options,
        about,
        port,
        onUp: () => {
          cameUp = true;
          this.#listener?.onUp();
        },
        onMessage: (message) => this.#listener?.onMessage(message),
        onDown: (reason) => this.#listener?.onDown(whyOf[reason], reason === "peer-silent"),
        onWritable: () => this.#listener?.onWritable(),
        onClose: (error) => {
          const wasUp = this.#connection?.isUp ?? false;
          this.#connection = undefined;
          const why = error ? messageOf(error) : "the line has ended";
          if (wasUp) this.#listener?.onDown(why, true);
          resolve({ why, cameUp });
        },
      });
    });
  }
}

const whyOf = {
  "peer-restarted": "the other end has started anew",
  "peer-silent": "the other end is silent",
  restarted: "this end begins anew",
} as const;
