import type { Writable } from "node:stream";

/** How much of what is printed may wait for whoever reads it, in bytes. */
const mostWaitingBytes = 1_048_576;

/**
 * Lets nobody who does not read what this process prints keep it waiting, or fill its memory: what comes when so much waits
 * already is dropped, and how much it was is said when there is room again. What waits for `drain`, as a pipe does, loses nothing.
 *
 * @param stream standard output or error. A terminal is written to without waiting as well: by itself Node stands still until
 *   it has taken all, which behind Ctrl-S or a dead connection is for ever
 * @param most how many bytes may wait. Default 1 MiB
 */
export function boundOutput(stream: Writable & { readonly isTTY?: boolean }, most = mostWaitingBytes): void {
  // There is no public way to say it. Where this one is gone, terminals are waited for as ever.
  const { _handle: handle } = stream as { _handle?: { setBlocking?: (isBlocking: boolean) => void } };
  if (stream.isTTY) handle?.setBlocking?.(false);
  type Done = (error?: Error | null) => void;
  const write = stream.write.bind(stream) as (piece: unknown, encoding?: unknown, done?: Done) => boolean;
  let dropped = 0;
  stream.write = (piece: unknown, encoding?: BufferEncoding | Done, done?: Done) => {
    if (stream.writableLength > most) {
      dropped += typeof piece === "string" ? Buffer.byteLength(piece) : (piece as Uint8Array).length;
      const called = typeof encoding === "function" ? encoding : done;
      if (called) process.nextTick(called);
      return false;
    }
    if (dropped > 0) write(`\nmoteq: ${dropped} bytes of output were dropped, since nobody read them\n`);
    dropped = 0;
    return write(piece, encoding, done);
  };
}
