import { type BytePort, concatBytes } from "../../src/base/index.ts";

/** How many bytes an ESP32's serial line keeps for the script; what comes beyond that is lost. */
const keptBytes = 260;

/** A board's end of its serial line. */
export class Console {
  /** How many bytes came while there was no room. */
  overflowed = 0;
  readonly #arrived: () => void;
  #port: BytePort | undefined;
  #pieces: Uint8Array[] = [];
  #kept = 0;

  /** @param arrived is told when there is something to take */
  constructor(arrived: () => void) {
    this.#arrived = arrived;
  }

  attach(port: BytePort): void {
    this.#port = port;
    port.start({
      onData: (bytes) => this.#keep(bytes),
      onWritable: () => {},
      onClose: () => {
        if (this.#port === port) this.#port = undefined;
      },
    });
  }

  detach(): void {
    this.#port?.close("abort");
    this.#port = undefined;
    this.take();
  }

  write(bytes: Uint8Array): void {
    this.#port?.write(Uint8Array.from(bytes));
  }

  /** All that came and was not taken yet. */
  take(): Uint8Array {
    const bytes = concatBytes(this.#pieces);
    this.#pieces = [];
    this.#kept = 0;
    return bytes;
  }

  #keep(bytes: Uint8Array): void {
    const room = keptBytes - this.#kept;
    this.overflowed += Math.max(0, bytes.length - room);
    const kept = bytes.subarray(0, room);
    this.#pieces.push(kept);
    this.#kept += kept.length;
    this.#arrived();
  }
}
