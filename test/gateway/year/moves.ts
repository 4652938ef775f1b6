import type { BridgeEvent, BridgeResponse } from "../../../src/topics/index.ts";

/** What programs at the broker hear of moves to other channels. */
export class Moves {
  readonly counts = { asked: 0, granted: 0, moved: 0, untold: 0 };
  /** Where the radios may be at last: the channel granted last, and those asked for since of which no answer came. */
  readonly #possible: Set<number>;

  constructor(channel: number) {
    this.#possible = new Set([channel]);
  }

  /** Whether the radios may be on a channel when all moves are over. */
  isPossible(channel: number): boolean {
    return this.#possible.has(channel);
  }

  asked(channel: number): void {
    this.counts.asked++;
    this.#possible.delete(channel);
    this.#possible.add(channel);
  }

  /** The gateway has answered. A refusal says nothing: it may be that of a request that came twice. */
  answered({ status, transaction }: BridgeResponse): void {
    if (status !== "ok") return;
    this.counts.granted++;
    for (const channel of this.#possible) {
      if (channel === Number(transaction)) break;
      this.#possible.delete(channel);
    }
  }

  /** The gateway has told of something. */
  happened({ type, untold }: BridgeEvent): void {
    if (type !== "channel_moved") return;
    this.counts.moved++;
    this.counts.untold += untold?.length ?? 0;
  }
}
