import type { Duplex } from "node:stream";

/** How many characters a line may have, unless somebody says less: an agent is told its whole configuration in one. */
const longestLine = 16_777_216;
/** How many bytes may wait for the other side to read them. */
const mostWaitingBytes = 16_777_216;

/**
 * Values between a supervisor and its agent: JSON, a line each, over a pipe. Whatever runs in the agent can write there, so what is
 * no JSON, or too long, is left. Node's own channel between processes would throw on it, or gather it without a limit.
 */
export class LineChannel {
  readonly #stream: Duplex;
  readonly #longest: number;
  #listener: (value: unknown) => void = () => {};
  #line = "";
  #isTooLong = false;

  /**
   * @param onEnd is called when the other process has ended, or its end of the pipe
   * @param longest how many characters a line may have that comes. Default 16,777,216
   */
  constructor(stream: Duplex, onEnd: () => void = () => {}, longest = longestLine) {
    this.#stream = stream;
    this.#longest = longest;
    // What cannot be written any more was for somebody who has gone.
    stream.on("error", () => {});
    stream.on("end", () => this.close());
    stream.on("close", onEnd);
    stream.setEncoding("utf8").on("data", (text: string) => this.#take(text));
  }

  get isOpen(): boolean {
    return this.#stream.writable;
  }

  /** From now on values go to this listener, and to no other. */
  listen(listener: (value: unknown) => void): void {
    this.#listener = listener;
  }

  /** Sends a value. A side that does not read, and has 16 MiB waiting for it, is taken as gone: the channel is closed. */
  send(value: unknown): void {
    if (!this.isOpen) return;
    if (this.#stream.writableLength > mostWaitingBytes) this.close();
    else this.#stream.write(`${JSON.stringify(value)}\n`);
  }

  close(): void {
    this.#stream.destroy();
  }

  #take(text: string): void {
    const [more = "", ...lines] = text.split("\n");
    this.#gather(more);
    for (const line of lines) {
      this.#end();
      this.#gather(line);
    }
  }

  #gather(text: string): void {
    this.#isTooLong ||= this.#line.length + text.length > this.#longest;
    this.#line = this.#isTooLong ? "" : this.#line + text;
  }

  #end(): void {
    const line = this.#line;
    const isWhole = !this.#isTooLong;
    this.#line = "";
    this.#isTooLong = false;
    const value = isWhole ? parse(line) : undefined;
    if (value !== undefined) this.#listener(value);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
