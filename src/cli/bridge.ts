import { decodeUtf8 } from "../base/index.ts";
import { type BridgeTopics, toBridgeTopic } from "../topics/index.ts";
import { readConfig } from "./broker-options.ts";
import type { RequestOptions } from "./request.ts";
import { withClient, withTimeout } from "./session.ts";

/**
 * Reads what the gateway has left at the broker, and whether it is still there: what is retained outlives it.
 *
 * @throws `cli/timeout`
 */
export async function readBridge<Tail extends keyof BridgeTopics>(
  options: RequestOptions,
  tail: Tail,
  signal: AbortSignal,
): Promise<{ readonly value: BridgeTopics[Tail]; readonly isOnline: boolean }> {
  const config = readConfig(options);
  return withClient(config, async (client) => {
    const limited = withTimeout(signal, options.timeout, "what the gateway says of itself");
    const read = async <One extends keyof BridgeTopics>(one: One): Promise<BridgeTopics[One]> => {
      const payload = await new Promise<Uint8Array>((resolve, reject) => {
        limited.addEventListener("abort", () => reject(limited.reason));
        const topic = toBridgeTopic(config.gateway.base, one);
        client.subscribe(topic, { signal: limited }, (message) => resolve(message.payload)).catch(reject);
      });
      return JSON.parse(decodeUtf8(payload) ?? "") as BridgeTopics[One];
    };
    const [{ state }, value] = await Promise.all([read("bridge/state"), read(tail)]);
    return { value, isOnline: state === "online" };
  });
}
