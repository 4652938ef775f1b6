import { type BytePort, type BytePortListener, type Clock, Ring } from "../base/index.ts";
import { virtualErrors } from "./errors.ts";

/** How a pair of byte ports behaves. */
export interface BytePortPairOptions {
  /** Needed for `latencyMs`. */
  readonly clock?: Clock;
  /** How long bytes are on their way, in milliseconds of the clock. Default 0: they come in the next microtask. */
  readonly latencyMs?: number;
  /** How many bytes may be on their way in one direction before `write` says `false`. Default 65,536. */
  readonly bufferBytes?: number;
  /** Sees each piece of bytes that arrives, and gives what arrives in its place, in as many pieces. */
  readonly onArrival?: (bytes: Uint8Array, at: "left" | "right") => readonly Uint8Array[];
}

/** Two byte ports, each the other end of the other. */
export interface BytePortPair {
  readonly left: BytePort;
  readonly right: BytePort;
  /** Cuts the connection: what is on its way is lost, and both ends are told of it with an error. */
  cut(): void;
  /** From now on nothing passes, and nobody is told: a link whose other end has vanished. */
  freeze(): void;
}

/**
 * Joins two byte ports in memory, as a cable does: bytes come in order, later than they were written, and a reader
 * that pauses holds the writer back.
 */
export function createBytePortPair(options: BytePortPairOptions = {}): BytePortPair {
  const { clock, latencyMs = 0, bufferBytes = 65_536 } = options;
  if (latencyMs > 0 && !clock) {
    throw virtualErrors.create("virtual/bad-option", "latencyMs needs a clock, got none");
  }
  const later = (callback: () => void) => {
    if (clock && latencyMs > 0) clock.setTimer(latencyMs, callback);
    else soon(callback);
  };
  const onArrival = options.onArrival ?? ((bytes: Uint8Array) => [bytes]);
  const left = new PairedPort({ later, bufferBytes, split: (bytes) => onArrival(bytes, "left") });
  const right = new PairedPort({ later, bufferBytes, split: (bytes) => onArrival(bytes, "right") });
  left.join(right);
  right.join(left);
  return {
    left,
    right,
    cut() {
      left.breakOff("the connection was cut");
      right.breakOff("the connection was cut");
    },
    freeze() {
      left.freeze();
      right.freeze();
    },
  };
}

interface PairedPortOptions {
  readonly later: (callback: () => void) => void;
  readonly bufferBytes: number;
  readonly split: (bytes: Uint8Array) => readonly Uint8Array[];
}

class PairedPort implements BytePort {
  readonly #options: PairedPortOptions;
  #other!: PairedPort;
  #listener: BytePortListener | undefined;
  /** What has arrived and was not delivered yet; `undefined` is the end. */
  readonly #arrived = new Ring<{ readonly bytes: Uint8Array | undefined }>(Infinity);
  /** How many bytes written here the other end has not been given yet. */
  #underway = 0;
  #full = false;
  #paused = false;
  #frozen = false;
  /** Nothing more may be written here, and nothing is delivered. */
  #closing = false;
  #closed = false;

  constructor(options: PairedPortOptions) {
    this.#options = options;
  }

  join(other: PairedPort): void {
    this.#other = other;
  }

  start(listener: BytePortListener): void {
    this.#listener = listener;
    soon(() => this.#deliver());
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closing || this.#closed || bytes.length === 0) return !this.#full;
    this.#underway += bytes.length;
    this.#full = this.#underway > this.#options.bufferBytes;
    this.#send(bytes);
    return !this.#full;
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    if (!paused) soon(() => this.#deliver());
  }

  close(how: "flush" | "abort" = "flush"): void {
    if (this.#closed) return;
    if (how === "abort") {
      this.breakOff();
      this.#options.later(() => {
        if (!this.#frozen) this.#other.breakOff("the other end dropped the connection");
      });
    } else if (!this.#closing) {
      this.#closing = true;
      this.#send(undefined);
    }
  }

  freeze(): void {
    this.#frozen = true;
    this.#arrived.clear();
  }

  /** Ends this side at once; its listener is told, with an error if a reason is given. */
  breakOff(reason?: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#arrived.clear();
    const error = reason === undefined ? undefined : new Error(reason);
    soon(() => this.#listener?.onClose(error));
  }

  #send(bytes: Uint8Array | undefined): void {
    this.#options.later(() => {
      if (!this.#frozen) this.#other.#arrive(bytes);
    });
  }

  #arrive(bytes: Uint8Array | undefined): void {
    if (this.#closed) return;
    if (bytes) for (const piece of this.#options.split(bytes)) this.#arrived.push({ bytes: piece });
    else this.#arrived.push({ bytes });
    this.#deliver();
  }

  #deliver(): void {
    while (this.#listener && !this.#paused && !this.#closed) {
      const arrival = this.#arrived.shift();
      if (!arrival) return;
      if (!arrival.bytes) {
        // Each end closes when the other has: what was written before goes out first.
        this.close("flush");
        this.breakOff();
        return;
      }
      this.#other.#taken(arrival.bytes.length);
      if (!this.#closing) this.#listener.onData(arrival.bytes);
    }
  }

  /** The other end was given some of what was written here. */
  #taken(length: number): void {
    this.#underway -= length;
    if (!this.#full || this.#underway > 0) return;
    this.#full = false;
    soon(() => {
      if (!this.#closed && !this.#closing) this.#listener?.onWritable();
    });
  }
}

/** Never from inside a call of the port's own methods. */
function soon(action: () => void): void {
  void Promise.resolve().then(action);
}
