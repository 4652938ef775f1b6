import type { ChannelMoves } from "./channel-moves.ts";
import { readRequest } from "./request-shapes.ts";
import type { RequestHandlers } from "./requests.ts";

type ChannelHandlers = Pick<RequestHandlers, "channel/move" | "channel/cancel">;

/** Plans moves of the radio to another channel. */
export function createChannelRequests(moves: ChannelMoves): ChannelHandlers {
  return {
    "channel/move"(request) {
      const { channel, seconds } = readRequest("channel/move", request);
      const at = moves.plan(channel, seconds);
      return { channel, at: new Date(at).toISOString() };
    },

    "channel/cancel"(request) {
      readRequest("channel/cancel", request);
      const cancelled = moves.cancel();
      return { cancelled };
    },
  };
}
