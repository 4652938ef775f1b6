import { connect } from "../mqtt.ts";
import type { BoardConfig } from "./protocol.ts";

/** How long the broker may take to answer, in milliseconds. */
const probeMs = 5000;

/**
 * Whether a board's broker answers somebody who is not its agent.
 *
 * @param onRefused is told what the broker says where it does not take this client, the board's with `-probe` behind its id
 */
export async function probeBroker(
  { url, ...access }: BoardConfig["broker"],
  onRefused: (why: string) => void,
): Promise<boolean> {
  const client = connect(url, {
    ...access,
    clientId: `${access.clientId}-probe`,
    onStatus(status) {
      if (status.type === "disconnected" && status.error?.code === "mqtt/refused") {
        onRefused(status.error.message);
      }
    },
  });
  try {
    await client.ready(AbortSignal.timeout(probeMs));
    return true;
  } catch {
    return false;
  } finally {
    await client.close();
  }
}
