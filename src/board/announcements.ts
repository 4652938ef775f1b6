import { type Clock, decodeUtf8, type Timer } from "../base/index.ts";
import type { Message, MqttClient } from "../mqtt/index.ts";
import { type BoardInfo, decodeBoardInfo, toInfoTopic } from "../wire/index.ts";
import { PrefixWatch } from "./prefix-watch.ts";

/** However often others say that the board is gone, it says so seldom that it is there, in milliseconds. */
const againMs = 1000;

/** What {@link Announcements} are made of. */
export interface AnnouncementsOptions {
  readonly client: Pick<MqttClient, "publish" | "subscribe" | "connected">;
  readonly clock: Clock;
  readonly base: string;
  readonly info: () => BoardInfo;
  /** Another board that runs has announced itself in this one's place. */
  readonly onForeign: () => void;
}

/** Keeps a board's information at the broker, and hears what others put in its place. */
export class Announcements {
  readonly #options: AnnouncementsOptions;
  readonly #watch = new PrefixWatch((session) => this.#sessions.includes(session));
  /** The last ones that were announced. */
  #sessions: string[] = [];
  #timer: Timer | undefined;
  #isOver = false;

  constructor(options: AnnouncementsOptions) {
    this.#options = options;
  }

  /** Begins to hear. Who may not works as well. */
  start(): void {
    const { client, base } = this.#options;
    client.subscribe(toInfoTopic(base), { qos: 1 }, (message) => this.#hear(message)).catch(() => {});
  }

  announce(): void {
    const { client, base, info } = this.#options;
    // The connection's first moment announces what is due then.
    if (!client.connected || this.#isOver) return;
    const now = info();
    if (this.#sessions.at(-1) !== now.session) this.#sessions = [...this.#sessions.slice(-3), now.session];
    client.publish(toInfoTopic(base), JSON.stringify(now), { qos: 1, retain: true }).catch(() => {});
  }

  /** Says that the board is offline; resolves when the broker has it. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#timer?.cancel();
    const { client, base, info } = this.#options;
    if (!client.connected) return;
    const offline = JSON.stringify({ ...info(), state: "offline" });
    await client.publish(toInfoTopic(base), offline, { qos: 1, retain: true }).catch(() => {});
  }

  #hear({ payload, retain }: Message): void {
    const info = decodeBoardInfo(decodeUtf8(payload) ?? "");
    if (!info) return;
    if (this.#watch.isForeign({ info, retain })) this.#options.onForeign();
    if (info.state !== "offline" || retain || this.#isOver) return;
    // The other one went, or the broker has noticed late that this board's connection of before has ended.
    this.#timer ??= this.#options.clock.setTimer(againMs, () => {
      this.#timer = undefined;
      this.announce();
    });
  }
}
