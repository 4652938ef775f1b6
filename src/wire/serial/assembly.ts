/** Joins the parts of messages. Holds one message, of the longest that is taken, at the most. */
export class Assembly {
  readonly #limit: number;
  #joined = new Uint8Array(0);
  #filled = 0;
  #tooLong = false;

  /** @param limit the longest message, in bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Adds a part; gives the message if it was the last, or says that the message was too long. */
  add(part: Uint8Array, more: boolean): Uint8Array | "too-long" | undefined {
    if (this.#filled + part.length > this.#limit) this.#tooLong = true;
    // Most messages are one packet.
    if (!more && this.#filled === 0) return this.#tooLong ? this.#finish() : part;
    if (!this.#tooLong) this.#append(part);
    return more ? undefined : this.#finish();
  }

  /** Forgets what has come. */
  clear(): void {
    this.#joined = new Uint8Array(0);
    this.#filled = 0;
    this.#tooLong = false;
  }

  #append(part: Uint8Array): void {
    const needed = this.#filled + part.length;
    if (needed > this.#joined.length) {
      const larger = new Uint8Array(Math.min(this.#limit, needed * 2));
      larger.set(this.#joined.subarray(0, this.#filled));
      this.#joined = larger;
    }
    this.#joined.set(part, this.#filled);
    this.#filled = needed;
  }

  #finish(): Uint8Array | "too-long" {
    const message = this.#tooLong ? "too-long" : this.#joined.subarray(0, this.#filled);
    this.clear();
    return message;
  }
}
