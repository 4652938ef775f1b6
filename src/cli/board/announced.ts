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
  /** How many boards were left out: what they say is too long, or came behind too much of others. */
  readonly leftOut: number;
}

/** What boards announce of themselves, gathered within bounds: whoever may publish there could fill the memory. */
export class Announcements {
  /** By prefix, with how many bytes each has. */
  readonly #found = new Map<string, { readonly info: BoardInfo; readonly bytes: number }>();
  readonly #leftOut = new Set<string>();
  #bytes = 0;

  /** Takes one; the last of a board counts. */
  take(prefix: string, payload: Uint8Array): void {
    const before = this.#found.get(prefix);
    const bytes = this.#bytes - (before?.bytes ?? 0) + payload.length;
    const isTooMuch = payload.length > longestInfo || bytes > mostBytes;
    if (isTooMuch || (!before && this.#found.size >= mostBoards)) {
      if (!before && this.#leftOut.size < mostBoards) this.#leftOut.add(prefix);
      return;
    }
    const info = decodeBoardInfo(decodeUtf8(payload) ?? "");
    if (!info) return;
    this.#bytes = bytes;
    this.#found.set(prefix, { info, bytes: payload.length });
    this.#leftOut.delete(prefix);
  }

  /** What there is by now, by prefix. */
  get found(): Found {
    const boards = [...this.#found].map(([prefix, { info }]) => ({ prefix, info }));
    return { boards: boards.toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1)), leftOut: this.#leftOut.size };
  }
}

/** The boards that have announced themselves at a broker, by prefix; those with the original mqrepl do not. */
export async function findBoards(client: MqttClient, waitMs: number, signal: AbortSignal): Promise<Found> {
  const announcements = new Announcements();
  const tail = toInfoTopic(toBoardBase(""));
  const subscriptions = Array.from({ length: deepestPrefix }, (_, depth) => {
    const filter = `${"+/".repeat(depth + 1)}${tail}`;
    return client.subscribe(filter, { qos: 1, signal }, ({ topic, payload }) =>
      announcements.take(topic.slice(0, -tail.length - 1), payload),
    );
  });
  await Promise.all(subscriptions);
  // Kept messages come right behind the acknowledgement; there is no sign for the last one.
  await new Promise<void>((resolve, reject) => {
    // The timer of a signal does not keep the process alive; the connection does.
    AbortSignal.timeout(waitMs).addEventListener("abort", () => resolve());
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
  return announcements.found;
}
