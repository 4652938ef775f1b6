import type { Writable } from "node:stream";

/** So many bytes may wait for whoever reads. */
const mostWaitingBytes = 1_048_576;

/**
 * Lets what is written to a terminal wait in memory, as with a pipe: by itself Node stands still until the terminal has taken
 * it, which behind Ctrl-S or a connection that is dead is for ever.
 */
export function neverWait(stream: NodeJS.WriteStream): void {
  // There is no public way to say it. Where this one is gone, terminals are waited for as ever.
  const { _handle: handle } = stream as { _handle?: { setBlocking?: (isBlocking: boolean) => void } };
  if (stream.isTTY) handle?.setBlocking?.(false);
}

/**
 * Prints to a stream that may be read slowly or not at all: what comes when a mebibyte waits already is dropped, and counted, and
 * how much it was is said when there is room again.
 */
export function printBounded(stream: Writable): (text: string) => void {
  let dropped = 0;
  return (text) => {
    if (stream.writableLength >= mostWaitingBytes) {
      dropped += Buffer.byteLength(text);
      return;
    }
    if (dropped > 0)
      stream.write(`\nmoteq: ${dropped} bytes of output were dropped, since nobody read them\n`);
    dropped = 0;
    stream.write(text);
  };
}
