import { connect } from "../mqtt.ts";
import type { BoardConfig } from "./protocol.ts";

/** How long the broker may take to answer, in milliseconds. */
const probeMs = 5000;

/** Whether a board's broker answers somebody who is not its agent. */
export async function probeBroker({ url, ...access }: BoardConfig["broker"]): Promise<boolean> {
  const client = connect(url, { ...access, clientId: `${access.clientId}-probe` });
  try {
    await client.ready(AbortSignal.timeout(probeMs));
    return true;
  } catch {
    return false;
  } finally {
    await client.close();
  }
}
