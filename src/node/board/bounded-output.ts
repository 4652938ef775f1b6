import type { Writable } from "node:stream";

/** How much of what an agent prints may wait for its supervisor, in bytes. */
const mostWaitingBytes = 1_048_576;

/**
 * Keeps what is printed from filling the memory: while nobody reads, or something prints without a break, what does not fit
 * is dropped, and how much is said. What waits for `drain`, as a pipe does, loses nothing.
 *
 * @param most how many bytes may wait. Default 1 MiB
 */
export function boundOutput(stream: Writable, most = mostWaitingBytes): void {
  type Done = (error?: Error | null) => void;
  const write = stream.write.bind(stream) as (piece: unknown, encoding?: unknown, done?: Done) => boolean;
  let dropped = 0;
  stream.write = (piece: unknown, encoding?: BufferEncoding | Done, done?: Done) => {
    if (stream.writableLength > most) {
      dropped++;
      const called = typeof encoding === "function" ? encoding : done;
      if (called) process.nextTick(called);
      return false;
    }
    if (dropped > 0) write(`\n… ${dropped} pieces of output were dropped, since nobody took them in time\n`);
    dropped = 0;
    return write(piece, encoding, done);
  };
}
