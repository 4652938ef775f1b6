import { Socket } from "node:net";
import { LineChannel } from "./line-channel.ts";

/** The variable by which an agent knows the pipe to its supervisor: the number of the open file. */
export const channelVariable = "MOTEQ_SUPERVISOR_FD";

/**
 * The agent's end of the channel to the supervisor that has started this process; `undefined` if none has.
 *
 * @param onEnd is called when the supervisor has ended
 */
export function openSupervisorChannel(onEnd: () => void): LineChannel | undefined {
  const fd = process.env[channelVariable];
  if (fd === undefined) return undefined;
  // What the agent starts itself is no agent.
  delete process.env[channelVariable];
  return new LineChannel(new Socket({ fd: Number(fd) }), onEnd);
}
