import {
  type BytePort,
  type Clock,
  createSeededRandom,
  type Random,
  randomInteger,
} from "../../src/base/index.ts";
import { createBytePortPair, VirtualClock } from "../../src/virtual/index.ts";
import { SerialConnection, type SerialConnectionOptions, type SerialDown } from "../../src/wire/index.ts";

/** One end of a line, and what it was told. */
export class End {
  readonly messages: Uint8Array[] = [];
  readonly told: string[] = [];
  onMessage: (message: Uint8Array) => void = (message) => void this.messages.push(message);
  onWritable = () => {};
  connection!: SerialConnection;

  open(options: Omit<SerialConnectionOptions, "onUp" | "onMessage">): this {
    this.connection = new SerialConnection({
      ...options,
      onUp: ({ about }) => this.told.push(`up ${about}`),
      onMessage: (message) => this.onMessage(message),
      onDown: (reason: SerialDown) => this.told.push(reason),
      onWritable: () => this.onWritable(),
    });
    return this;
  }
}

/** Two ends of a line on a clock that stands still. */
export interface Line {
  readonly clock: VirtualClock;
  readonly left: End;
  readonly right: End;
  /** Bytes that have passed to either end. */
  readonly carried: { left: number; right: number };
  /** Lets nothing more pass to an end. */
  readonly deaf: { left: boolean; right: boolean };
}

export interface LineOptions extends Partial<SerialConnectionOptions> {
  /** Changes what arrives. */
  readonly disturb?: (bytes: Uint8Array, at: "left" | "right") => Uint8Array;
  /** How fast the line is; 0, the default, takes no time. */
  readonly bitsPerSecond?: number;
}

export function createLine({ disturb, bitsPerSecond = 0, ...options }: LineOptions = {}): Line {
  const clock = new VirtualClock();
  const carried = { left: 0, right: 0 };
  const deaf = { left: false, right: false };
  const pair = createBytePortPair({
    clock,
    latencyMs: 1,
    onArrival: (bytes, at) => {
      carried[at] += bytes.length;
      if (deaf[at]) return [];
      return [disturb ? disturb(bytes, at) : bytes];
    },
  });
  const random = createSeededRandom(7);
  const paced = (port: BytePort) => (bitsPerSecond > 0 ? new PacedPort(port, clock, bitsPerSecond) : port);
  const left = new End().open({ port: paced(pair.left), clock, random, about: "left", ...options });
  const right = new End().open({ port: paced(pair.right), clock, random, about: "right", ...options });
  return { clock, left, right, carried, deaf };
}

/** A UART: ten bits for each byte, one byte after the other. */
class PacedPort implements BytePort {
  readonly start: BytePort["start"];
  readonly #port: BytePort;
  readonly #clock: Clock;
  readonly #msPerByte: number;
  #busyUntil = 0;

  constructor(port: BytePort, clock: Clock, bitsPerSecond: number) {
    this.#port = port;
    this.#clock = clock;
    this.#msPerByte = 10_000 / bitsPerSecond;
    this.start = (listener) => port.start(listener);
  }

  write(bytes: Uint8Array): boolean {
    const now = this.#clock.monotonic();
    for (let start = 0; start < bytes.length; start += 16) {
      const piece = bytes.subarray(start, start + 16);
      this.#busyUntil = Math.max(now, this.#busyUntil) + piece.length * this.#msPerByte;
      this.#clock.setTimer(this.#busyUntil - now, () => void this.#port.write(piece));
    }
    return true;
  }

  pause(paused: boolean): void {
    this.#port.pause(paused);
  }

  close(how?: "flush" | "abort"): void {
    this.#port.close(how);
  }
}

/** Flips a bit, loses or doubles a byte: each at this chance for each byte. */
export function disturber(random: Random, chance: number): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    const out: number[] = [];
    for (const byte of bytes) {
      const draw = random.next();
      if (draw < chance) out.push(byte ^ (1 << randomInteger(random, 0, 7)));
      else if (draw < 2 * chance) continue;
      else if (draw < 3 * chance) out.push(byte, byte);
      else out.push(byte);
    }
    return Uint8Array.from(out);
  };
}
