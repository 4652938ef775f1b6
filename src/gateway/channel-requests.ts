import type { ChannelMoves } from "./channel-moves.ts";
import type { Journal } from "./journal.ts";
import { readRequest } from "./request-shapes.ts";
import type { RequestHandlers } from "./requests.ts";

type ChannelHandlers = Pick<RequestHandlers, "channel/move" | "channel/cancel">;

/** Plans moves of the radio to another channel. */
export function createChannelRequests(moves: ChannelMoves, journal: Journal): ChannelHandlers {
  return {
    async "channel/move"(request) {
      const { channel, seconds } = readRequest("channel/move", request);
      const at = moves.plan(channel, seconds);
      await journal.flushed();
      return { channel, at: new Date(at).toISOString() };
    },

    async "channel/cancel"(request) {
      readRequest("channel/cancel", request);
      const cancelled = moves.cancel();
      await journal.flushed();
      return { cancelled };
    },
  };
}
