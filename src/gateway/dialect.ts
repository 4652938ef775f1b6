import type { ReceivedFrame } from "../device/index.ts";
import type { FrameOutcome } from "./counters.ts";
import type { GatewayNode } from "./node.ts";

/** One way in which nodes write frames: the gateway's end of it. */
export interface Dialect {
  /** Whether a frame is written in it; the first byte says so. */
  speaks(frame: Uint8Array): boolean;
  /** Takes a frame: of a node, or of somebody who may become one. Waits for nothing. */
  receive(frame: ReceivedFrame, node: GatewayNode | undefined): FrameOutcome;
  /** Something waits for a node that is perhaps awake: sends it if it is. */
  deliver(node: GatewayNode): void;
}
