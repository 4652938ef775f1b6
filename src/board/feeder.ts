import { type Clock, type Cryptography, encodeUtf8, equalBytes, type Timer, toHex } from "../base/index.ts";
import type { MqttClient } from "../mqtt/index.ts";
import { encodeBoardPacket, encodeCommandTopic, watchdogId } from "../wire/index.ts";

/** So many feeds that did not come home are no accident. */
const feedsLost = 2;

/** What a {@link Feeder} is made of. */
export interface FeederOptions {
  readonly client: Pick<MqttClient, "publish" | "connected">;
  readonly clock: Clock;
  readonly cryptography: Pick<Cryptography, "randomBytes">;
  readonly base: string;
  /** From one feed to the next, in milliseconds: a quarter of the watchdog's time. */
  readonly everyMs: number;
  /** A feed went round, through the broker and the REPL. */
  readonly onFed: () => void;
  /** Several feeds in a row did not come home, though there is a connection. */
  readonly onLost: () => void;
}

/**
 * Feeds the watchdog the long way round: a command to this very board, through the broker and back, evaluated by its REPL
 * like anybody's. What comes home proves that connection, broker, agent and REPL work: that the board is manageable.
 */
export class Feeder {
  readonly #options: FeederOptions;
  /** The tokens on their way, as the REPL will get them. */
  #expected: string[] = [];
  #timer: Timer | undefined;

  constructor(options: FeederOptions) {
    this.#options = options;
  }

  /** Begins to feed, at once and from then on. */
  start(): void {
    this.#timer?.cancel();
    this.#send();
    this.#timer = this.#options.clock.setTimer(this.#options.everyMs, () => this.start());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Whether a command's body is exactly what was sent round last: only that is evaluated without a signature. */
  recognizes(body: Uint8Array): boolean {
    return this.#expected.some((token) => equalBytes(body, encodeUtf8(sourceOf(token))));
  }

  /** What the REPL calls as `this.watchdog.feed(token)`. */
  feed(token: unknown): void {
    const index = this.#expected.indexOf(String(token));
    if (index < 0) return;
    this.#expected = this.#expected.slice(index + 1);
    this.#options.onFed();
  }

  #send(): void {
    const { client, base, cryptography, onLost } = this.#options;
    if (!client.connected) return;
    if (this.#expected.length >= feedsLost) onLost();
    const token = toHex(cryptography.randomBytes(8));
    // The last ones may still come home on a slow line.
    this.#expected = [...this.#expected.slice(-3), token];
    const topic = encodeCommandTopic(base, { command: "eval", id: watchdogId, tail: "" });
    const payload = encodeBoardPacket({ sequence: 0, last: true, body: encodeUtf8(sourceOf(token)) });
    client.publish(topic, payload, { qos: 1 }).catch(() => {});
  }
}

/** Behind `this` nothing is hidden by what somebody declares in the REPL: `let watchdog` would hide a bare name. */
function sourceOf(token: string): string {
  return `this.watchdog.feed("${token}")`;
}
