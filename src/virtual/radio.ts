import type { Clock, Timer } from "../base/index.ts";
import {
  assertChannel,
  assertSendable,
  type MacAddress,
  radioErrors,
  type ReceivedFrame,
  type TunableRadio,
} from "../device/index.ts";
import { assertFaults, type Faults } from "./faults.ts";
import { createRadioAccount, type RadioAccount } from "./radio-account.ts";

/** How a radio joins the air. */
export interface VirtualRadioOptions {
  readonly address: MacAddress;
  /** 1 … 14. Default 1. */
  readonly channel?: number;
  /** Where it is, in metres. Default 0. */
  readonly x?: number;
  readonly y?: number;
  /** How far it is heard, in metres. Default 100. */
  readonly rangeMetres?: number;
  /** How long a frame takes between the radio and its program, each way, as over USB. Default 0. */
  readonly hostLatencyMs?: number;
  /** How many bytes of frames wait for the program before further ones are dropped. Default 526, as MicroPython. */
  readonly receiveBufferBytes?: number;
  /** The longest frame it sends and takes, in bytes, up to 1470. Default 250. */
  readonly maximumFrameBytes?: number;
  /** Whether other radios may have its address, if they say so too: a gateway's that work as one. Default false. */
  readonly sharesAddress?: boolean;
  /** Whether it is on from the start. Default true. */
  readonly awake?: boolean;
  /** What goes wrong with frames from and to it. Default: nothing. */
  readonly faults?: Faults;
}

/** A frame that waits for the medium or is on it. */
export interface Transmission {
  readonly destination: MacAddress;
  readonly bytes: Uint8Array;
  /** Whether its sender has gone off meanwhile. */
  readonly abandoned: boolean;
  /** Tells the sender's program whether the frame was acknowledged. */
  settle(delivered: boolean): void;
}

/** What a radio needs of the air that it is on. */
export interface Medium {
  readonly clock: Clock;
  transmit(sender: VirtualRadio, transmission: Transmission): void;
  leave(radio: VirtualRadio): void;
}

/** What became of a frame at a radio. */
export type Fate =
  | "received"
  | "lost"
  | "out-of-range"
  | "other-channel"
  | "asleep"
  | "buffer-full"
  | "too-long"
  | "not-listening";

/** A radio on the simulated air: `air.join` makes one. While it sleeps it is deaf and refuses to send. */
export class VirtualRadio implements TunableRadio {
  readonly address: MacAddress;
  readonly maximumFrameBytes: number;
  readonly rangeMetres: number;
  readonly sharesAddress: boolean;
  readonly #air: Medium;
  readonly #hostLatencyMs: number;
  readonly #receiveBufferBytes: number;
  readonly #account = createRadioAccount();
  readonly #underWay = new Set<(delivered: boolean) => void>();
  readonly #arriving = new Set<Timer>();
  #channel: number;
  #x: number;
  #y: number;
  #faults: Faults;
  #listener: ((frame: ReceivedFrame) => void) | undefined;
  #bufferedBytes = 0;
  #awakeSince: number | undefined;
  #tunedSince: number;
  #closed = false;

  /** @throws `radio/bad-channel`, `virtual/bad-option` */
  constructor(air: Medium, options: VirtualRadioOptions) {
    assertChannel(options.channel ?? 1);
    assertFaults(options.faults ?? {});
    this.address = options.address;
    this.maximumFrameBytes = options.maximumFrameBytes ?? 250;
    this.rangeMetres = options.rangeMetres ?? 100;
    this.sharesAddress = options.sharesAddress ?? false;
    this.#air = air;
    this.#hostLatencyMs = options.hostLatencyMs ?? 0;
    this.#receiveBufferBytes = options.receiveBufferBytes ?? 526;
    this.#channel = options.channel ?? 1;
    this.#x = options.x ?? 0;
    this.#y = options.y ?? 0;
    this.#faults = options.faults ?? {};
    this.#tunedSince = air.clock.monotonic();
    this.#awakeSince = (options.awake ?? true) ? this.#tunedSince : undefined;
  }

  get channel(): number {
    return this.#channel;
  }

  get x(): number {
    return this.#x;
  }

  get y(): number {
    return this.#y;
  }

  /** What goes wrong with frames from and to it. */
  get faults(): Faults {
    return this.#faults;
  }

  get awake(): boolean {
    return this.#awakeSince !== undefined;
  }

  /** What it has done and spent so far, as plain JSON. */
  account(): RadioAccount {
    const awakeMs = this.awake ? this.#air.clock.monotonic() - (this.#awakeSince ?? 0) : 0;
    return { ...this.#account, awakeMs: this.#account.awakeMs + awakeMs };
  }

  /** Adds to one line of the account; for the air. */
  charge(name: keyof RadioAccount, amount = 1): void {
    this.#account[name] += amount;
  }

  listen(listener: (frame: ReceivedFrame) => void): void {
    this.#listener = listener;
  }

  async send(destination: MacAddress, bytes: Uint8Array): Promise<boolean> {
    this.#assertOpen();
    assertSendable(destination, bytes, this.maximumFrameBytes);
    if (!this.awake) {
      this.charge("refused");
      return false;
    }
    const copy = bytes.slice();
    const underWay = this.#underWay;
    return new Promise((resolve) => {
      underWay.add(resolve);
      const transmission: Transmission = {
        destination,
        bytes: copy,
        get abandoned() {
          return !underWay.has(resolve);
        },
        settle: (delivered) => this.#afterHost(() => underWay.delete(resolve) && resolve(delivered)),
      };
      this.#afterHost(() => this.#air.transmit(this, transmission));
    });
  }

  /** Turns the radio off: what it was sending is given up with `false`, what it has not handed over is lost. */
  sleep(): void {
    if (this.#awakeSince === undefined) return;
    this.charge("awakeMs", this.#air.clock.monotonic() - this.#awakeSince);
    this.#awakeSince = undefined;
    for (const timer of this.#arriving) timer.cancel();
    this.#arriving.clear();
    this.#bufferedBytes = 0;
    for (const settle of this.#underWay) settle(false);
    this.#underWay.clear();
  }

  /** Turns the radio on. It hears frames that begin from now on. */
  wake(): void {
    this.#assertOpen();
    this.#awakeSince ??= this.#air.clock.monotonic();
  }

  async setChannel(channel: number): Promise<void> {
    this.#assertOpen();
    assertChannel(channel);
    if (channel === this.#channel) return;
    this.#channel = channel;
    this.#tunedSince = this.#air.clock.monotonic();
  }

  /** Puts it elsewhere, in metres. */
  moveTo(x: number, y: number): void {
    this.#x = x;
    this.#y = y;
  }

  /** Replaces what goes wrong with frames from and to it. @throws `virtual/bad-option` */
  setFaults(faults: Faults): void {
    assertFaults(faults);
    this.#faults = faults;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.sleep();
    this.#closed = true;
    this.#air.leave(this);
  }

  /** Whether it has been on, and on its channel, since the given monotonic time; for the air. */
  hasListenedSince(monotonicMs: number): boolean {
    return Math.max(this.#awakeSince ?? Infinity, this.#tunedSince) <= monotonicMs;
  }

  /** Takes a frame off the air and hands it to the program after `delayMs` and the way to the host; for the air. */
  take(frame: ReceivedFrame, delayMs: number): Fate {
    const fate = this.#fateOf(frame);
    if (fate !== "received") {
      this.charge("dropped");
      return fate;
    }
    const { length } = frame.bytes;
    this.#bufferedBytes += length;
    const timer = this.#air.clock.setTimer(delayMs + this.#hostLatencyMs, () => {
      this.#arriving.delete(timer);
      this.#bufferedBytes -= length;
      this.charge("framesReceived");
      this.charge("bytesReceived", length);
      this.#listener?.({ ...frame, bytes: frame.bytes.slice() });
    });
    this.#arriving.add(timer);
    return fate;
  }

  #fateOf(frame: ReceivedFrame): Fate {
    if (frame.bytes.length > this.maximumFrameBytes) return "too-long";
    if (!this.#listener) return "not-listening";
    return this.#bufferedBytes + frame.bytes.length > this.#receiveBufferBytes ? "buffer-full" : "received";
  }

  #afterHost(callback: () => void): void {
    this.#air.clock.setTimer(this.#hostLatencyMs, callback);
  }

  #assertOpen(): void {
    if (this.#closed) throw radioErrors.create("radio/closed", `the radio ${this.address} is closed`);
  }
}
