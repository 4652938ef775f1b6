import type { FrameForBoard } from "./protocol.ts";

/** What ESP-NOW's driver writes before the bytes of each frame: a header of 7 bytes and the sender's address. */
const headerBytes = 13;

/** The ring of bytes in which ESP-NOW keeps frames until the script takes them; what does not fit is dropped. */
export class ReceiveBuffer {
  dropped = 0;
  #frames: FrameForBoard[] = [];
  #usedBytes = 0;
  #sizeBytes = 0;

  /** Sets its size; 0 empties it and takes nothing more. */
  resize(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
    if (sizeBytes > 0) return;
    this.#frames = [];
    this.#usedBytes = 0;
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  put(frame: FrameForBoard): void {
    const bytes = headerBytes + frame.hex.length / 2;
    if (this.#usedBytes + bytes > this.#sizeBytes) {
      this.dropped++;
      return;
    }
    this.#usedBytes += bytes;
    this.#frames.push(frame);
  }

  take(): FrameForBoard | undefined {
    const frame = this.#frames.shift();
    if (frame) this.#usedBytes -= headerBytes + frame.hex.length / 2;
    return frame;
  }
}
