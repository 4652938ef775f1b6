import type { MqttClient } from "../../mqtt/index.ts";
import { decodeUtf8 } from "../../base/index.ts";
import { type BoardInfo, decodeBoardInfo, toBoardBase, toInfoTopic } from "../../wire/index.ts";

/** How deep prefixes are looked for: a filter cannot say "at any depth, then mqb/info". */
const deepestPrefix = 4;
/** No more boards than this are listed, and no more of what they say than so many bytes. */
const mostBoards = 10_000;
const mostBytes = 16 * 1024 * 1024;
/** What is longer is no board's information, in bytes. */
const longestInfo = 65_536;

/** What was found at a broker. */
export interface Found {
  readonly boards: readonly { readonly prefix: string; readonly info: BoardInfo }[];
  /** How many announcements were left out: they were too long, or behind too many others. */
  readonly leftOut: number;
}

/** The boards that have announced themselves at a broker, by prefix; those with the original mqrepl do not. */
export async function findBoards(client: MqttClient, waitMs: number, signal: AbortSignal): Promise<Found> {
  const found = new Map<string, BoardInfo>();
  const leftOut = new Set<string>();
  let bytes = 0;
  const tail = toInfoTopic(toBoardBase(""));
  const take = (prefix: string, payload: Uint8Array) => {
    const isTooMuch = payload.length > longestInfo || bytes + payload.length > mostBytes;
    if (isTooMuch || (found.size >= mostBoards && !found.has(prefix))) {
      if (leftOut.size < mostBoards) leftOut.add(prefix);
      return;
    }
    const info = decodeBoardInfo(decodeUtf8(payload) ?? "");
    if (!info) return;
    bytes += payload.length;
    found.set(prefix, info);
  };
  const subscriptions = Array.from({ length: deepestPrefix }, (_, depth) => {
    const filter = `${"+/".repeat(depth + 1)}${tail}`;
    return client.subscribe(filter, { qos: 1, signal }, ({ topic, payload }) =>
      take(topic.slice(0, -tail.length - 1), payload),
    );
  });
  await Promise.all(subscriptions);
  // Kept messages come right behind the acknowledgement; there is no sign for the last one.
  await new Promise<void>((resolve, reject) => {
    AbortSignal.timeout(waitMs).addEventListener("abort", () => resolve());
    signal.addEventListener("abort", () => reject(signal.reason as Error));
    // The timer of a signal does not keep the process alive; the connection does.
  });
  const boards = [...found].map(([prefix, info]) => ({ prefix, info }));
  return { boards: boards.toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1)), leftOut: leftOut.size };
}
