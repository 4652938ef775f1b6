import { type AbortSignalLike, createAborter, onAbort } from "../base/index.ts";
import type { Pace } from "./pace.ts";

/** How much of a file is asked for in one question at most, in bytes. */
export const longestPiece = 65_536;
/** How much of it is on its way at most, in bytes. */
const mostAhead = 8 * longestPiece;

/** Asks for a piece of a file. */
export type AskForPiece = (offset: number, length: number, signal: AbortSignalLike) => Promise<Uint8Array>;

/**
 * Asks for a file piece by piece, as far ahead as the line takes, and gives the pieces in their order.
 *
 * @returns whether each was as long as it had to be; with the first that is not it ends
 */
export async function getPieces(
  size: number,
  pace: Pace,
  ask: AskForPiece,
  take: (bytes: Uint8Array) => void | Promise<void>,
  signal: AbortSignalLike | undefined,
): Promise<boolean> {
  // One listener for all pieces, and whatever ends this ends them too.
  const stop = createAborter();
  const release = onAbort(signal, () => stop.abort(signal?.reason as Error));
  const pieces: { readonly length: number; readonly bytes: Promise<Uint8Array> }[] = [];
  try {
    for (let asked = 0, got = 0; got < size;) {
      while (asked < size && asked < got + Math.min(pace.bytes, mostAhead)) {
        const length = Math.min(pace.partOf(longestPiece), size - asked);
        const bytes = ask(asked, length, stop.signal);
        bytes.catch(() => {});
        pieces.push({ length, bytes });
        asked += length;
        pace.sent(asked);
      }
      const next = pieces.shift();
      const bytes = (await next?.bytes) ?? new Uint8Array();
      if (bytes.length !== next?.length) return false;
      got += bytes.length;
      pace.arrived(got, mostAhead);
      await take(bytes);
    }
    return true;
  } finally {
    release();
    stop.abort(new Error("nobody waits for this piece any more"));
  }
}
