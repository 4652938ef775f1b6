import type { MqttClient } from "../../mqtt/index.ts";
import { decodeUtf8 } from "../../base/index.ts";
import { type BoardInfo, decodeBoardInfo, toBoardBase, toInfoTopic } from "../../wire/index.ts";

/** How deep prefixes are looked for: a filter cannot say "at any depth, then mqb/info". */
const deepestPrefix = 4;
/** No more boards than this are listed. */
const mostBoards = 10_000;

/** The boards that have announced themselves at a broker, by prefix; those with the original mqrepl do not. */
export async function findBoards(
  client: MqttClient,
  waitMs: number,
  signal: AbortSignal,
): Promise<{ prefix: string; info: BoardInfo }[]> {
  const found = new Map<string, BoardInfo>();
  const tail = toInfoTopic(toBoardBase(""));
  const subscriptions = Array.from({ length: deepestPrefix }, (_, depth) => {
    const filter = `${"+/".repeat(depth + 1)}${tail}`;
    return client.subscribe(filter, { qos: 1, signal }, ({ topic, payload }) => {
      const info = decodeBoardInfo(decodeUtf8(payload) ?? "");
      if (info && found.size < mostBoards) found.set(topic.slice(0, -tail.length - 1), info);
    });
  });
  await Promise.all(subscriptions);
  // Kept messages come right behind the acknowledgement; there is no sign for the last one.
  await new Promise<void>((resolve, reject) => {
    AbortSignal.timeout(waitMs).addEventListener("abort", () => resolve());
    signal.addEventListener("abort", () => reject(signal.reason as Error));
    // The timer of a signal does not keep the process alive; the connection does.
  });
  return [...found]
    .map(([prefix, info]) => ({ prefix, info }))
    .toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1));
}
