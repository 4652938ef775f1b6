import type { Clock, Counters, Timer } from "../base/index.ts";
import { type BridgeLogLine, toBridgeTopic } from "../topics/index.ts";
import type { BrokerLink } from "./broker-link.ts";
import type { GatewayConfig } from "./config.ts";
import { type Audience, stampLine } from "./report-text.ts";

/** How often at most the same kind of trouble is told, in milliseconds. */
const episodeMs = 60_000;

/** Takes a line for the program's own log. */
export type GatewayLog = (level: "debug" | "info" | "warn" | "error", text: string) => void;

/** What reports stand on. */
export interface ReportsOptions {
  readonly link: BrokerLink;
  readonly clock: Clock;
  readonly config: GatewayConfig;
  readonly counters: Counters<"published" | "failed" | "dropped">;
  readonly log: GatewayLog;
}

interface Episode {
  readonly audience: Audience;
  /** How often it has happened since it was told. */
  more: number;
  describe: () => string;
  timer: Timer;
}

/**
 * The lines on the status and error topics. Bounded: only so many wait for the broker, and trouble of one kind is told
 * when it begins, then once a minute with how often it came, until a minute passes without it.
 */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #episodes = new Map<string, Episode>();
  /** Lines that wait for the broker. */
  #waiting = 0;
  /** Lines that found no room since the last that did. */
  #lost = 0;
  #closed = false;

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  status(text: string): void {
    this.#log("info", text);
    this.#publish("status", text);
  }

  error(text: string): void {
    this.#log("warn", text);
    this.#publish("errors", text);
  }

  debug(text: string): void {
    this.#log("debug", text);
    this.#publish("status", text);
  }

  /** Trouble that may come very often; `kind` is from a fixed set, and `describe` is called only if it is told. */
  trouble(audience: Audience, kind: string, describe: () => string): void {
    const episode = this.#episodes.get(kind);
    if (episode) {
      episode.more++;
      episode.describe = describe;
      return;
    }
    this.#tell(audience, describe());
    if (this.#closed) return;
    const timer = this.#options.clock.setTimer(episodeMs, () => this.#goOn(kind));
    this.#episodes.set(kind, { audience, more: 0, describe, timer });
  }

  /** Nothing more is published; what is told later goes to the log alone. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#episodes.values()) timer.cancel();
    this.#episodes.clear();
  }

  #log(level: BridgeLogLine["level"], message: string): void {
    const { log, link, config } = this.#options;
    log(level, message);
    if (!link.connected || this.#closed) return;
    const line = JSON.stringify({ level, message } satisfies BridgeLogLine);
    link.publish(toBridgeTopic(config.base, "bridge/logging"), line).catch(() => {});
  }

  #goOn(kind: string): void {
    const episode = this.#episodes.get(kind);
    if (!episode) return;
    if (episode.more === 0) {
      this.#episodes.delete(kind);
      return;
    }
    const times = episode.more === 1 ? "once more" : `${episode.more} times`;
    this.#tell(episode.audience, `${episode.describe()} (${times} in the last minute)`);
    episode.more = 0;
    episode.timer = this.#options.clock.setTimer(episodeMs, () => this.#goOn(kind));
  }

  #tell(audience: Audience, text: string): void {
    if (audience === "status") this.status(text);
    else this.error(text);
  }

  #publish(audience: Audience, text: string): void {
    const { config, counters, clock, link } = this.#options;
    const target = config[audience];
    if (target === false || this.#closed) return;
    if (this.#waiting >= config.limits.reports) {
      this.#lost++;
      counters.add("dropped");
      return;
    }
    this.#waiting++;
    const line = stampLine(clock.now(), text);
    link.publish(target.topic, line, { qos: target.qos, retain: target.retain }).then(
      () => this.#settle("published"),
      () => this.#settle("failed"),
    );
  }

  #settle(outcome: "published" | "failed"): void {
    this.#waiting--;
    this.#options.counters.add(outcome);
    if (this.#lost === 0 || this.#waiting > 0) return;
    const lost = this.#lost;
    this.#lost = 0;
    this.status(`${lost} reports were dropped: the broker did not take them in time`);
  }
}
