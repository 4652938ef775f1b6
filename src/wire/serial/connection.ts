import { type BytePort, type Clock, concatBytes, type Random, type Timer } from "../../base/index.ts";
import {
  SerialChannel,
  type SerialChannelOptions,
  type SerialDown,
  type SerialDrop,
  type SerialSend,
} from "./channel.ts";
import type { SerialHello } from "./packet.ts";

/** What a connection is made of, and whom it tells. */
export interface SerialConnectionOptions extends Omit<SerialChannelOptions, "drawInstance"> {
  /** The line; the connection starts it, and closes it with itself. */
  readonly port: BytePort;
  readonly clock: Clock;
  /** For the number that tells this start from another. */
  readonly random: Random;
  /** The other end is there and knows nothing of what was before. */
  readonly onUp: (peer: SerialHello) => void;
  /** The next message. The array is the listener's. */
  readonly onMessage: (message: Uint8Array) => void;
  /** The other end has gone: what was sent and did not come to it is lost. It may come back. */
  readonly onDown?: (reason: SerialDown) => void;
  /** After `full`: there is room. */
  readonly onWritable?: () => void;
  /** The line is closed, by either side; called once, last. */
  readonly onClose?: (error?: Error) => void;
}

/** A {@link SerialChannel} on a byte port and a clock. Its listeners are never called from inside `send`. */
export class SerialConnection {
  readonly #options: SerialConnectionOptions;
  readonly #channel: SerialChannel;
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #closed = false;
  /** Frames of this turn of the program: they go out in one piece at its end. */
  #frames: Uint8Array[] = [];
  #frameBytes = 0;
  /** Whether the line takes no more for now. */
  #full = false;

  constructor(options: SerialConnectionOptions) {
    this.#options = options;
    const { port, random } = options;
    this.#channel = new SerialChannel(
      {
        write: (frame) => this.#write(frame),
        receive: (message) => options.onMessage(message),
        up: (peer) => options.onUp(peer),
        down: (reason) => options.onDown?.(reason),
        writable: () => options.onWritable?.(),
      },
      { ...options, drawInstance: () => 1 + Math.floor(random.next() * 0xffff_ffff) },
    );
    port.start({
      onData: (bytes) => this.#run((now) => this.#channel.receive(bytes, now)),
      onWritable: () => {
        this.#full = false;
        this.#flush();
      },
      onClose: (error) => this.#end(error),
    });
    this.#run((now) => this.#channel.start(now));
  }

  /** Whether both ends know each other. */
  get isUp(): boolean {
    return this.#channel.isUp;
  }

  /** The other end, as it described itself. */
  get peer(): SerialHello | undefined {
    return this.#channel.peer;
  }

  /** How many bytes wait to be sent or acknowledged. */
  get pendingBytes(): number {
    return this.#channel.pendingBytes;
  }

  /** What came and was of no use, by reason. */
  countDrops(): Partial<Record<SerialDrop, number>> {
    return this.#channel.countDrops();
  }

  /** Takes a message for the other end, which must not be changed afterwards. */
  send(message: Uint8Array): SerialSend {
    if (this.#closed) return "down";
    return this.#run((now) => this.#channel.send(message, now));
  }

  /** Begins anew, as after a crash: the other end forgets what was before. */
  restart(): void {
    if (!this.#closed) this.#run((now) => this.#channel.restart(now));
  }

  /** Closes the line, behind what it has taken. Closing twice does nothing. */
  close(): void {
    this.#full = false;
    this.#flush();
    this.#options.port.close();
    this.#stop();
  }

  #write(frame: Uint8Array): void {
    // As if lost on the line: the other end reads nothing, and what it has to have comes again.
    if (this.#full && this.#frameBytes + frame.length > mostHeld) return;
    this.#frameBytes += frame.length;
    this.#frames.push(frame);
    if (this.#frames.length === 1) void endOfTurn.then(() => this.#flush());
  }

  #flush(): void {
    if (this.#full) return;
    const [first, ...more] = this.#frames;
    this.#frames = [];
    this.#frameBytes = 0;
    if (first)
      this.#full = !this.#options.port.write(more.length === 0 ? first : concatBytes([first, ...more]));
  }

  #run<T>(action: (now: number) => T): T {
    const result = action(this.#options.clock.monotonic());
    this.#arm();
    return result;
  }

  /** A timer that is set too early is left: most deadlines only move further away. */
  #arm(): void {
    const { deadline } = this.#channel;
    if (this.#closed || deadline >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = deadline;
    const delay = Math.max(0, deadline - this.#options.clock.monotonic());
    this.#timer = this.#options.clock.setTimer(delay, () => {
      this.#timerAt = Infinity;
      this.#run((now) => this.#channel.timeout(now));
    });
  }

  #end(error: Error | undefined): void {
    this.#stop();
    this.#options.onClose?.(error);
  }

  #stop(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }
}

/** How many bytes are kept for a line that takes none: some whole windows. */
const mostHeld = 65_536;

const endOfTurn = Promise.resolve();
