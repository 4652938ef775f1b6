import { type Clock, type Cryptography, decodeUtf8, equalBytes, type Timer, toHex } from "../base/index.ts";
import type { Message, MqttClient } from "../mqtt/index.ts";
import {
  callCommand,
  decodeBoardPacket,
  encodeBoardPacket,
  encodeBoardRequest,
  encodeCall,
  encodeCommandTopic,
  watchdogId,
} from "../wire/index.ts";

/** How many are remembered that have not come home: after an outage of the broker they come all at once. */
const mostFeeds = 64;
/** So many feeds that did not come home are no accident. */
const feedsLost = 3;

/** What a {@link Feeder} is made of. */
export interface FeederOptions {
  readonly client: Pick<MqttClient, "publish" | "connected">;
  readonly clock: Clock;
  readonly cryptography: Pick<Cryptography, "randomBytes">;
  readonly base: string;
  /** From one feed to the next, in milliseconds: a quarter of the watchdog's time. */
  readonly everyMs: number;
  /** A feed went all the way, and its answer came home. */
  readonly onFed: () => void;
  /** Several feeds in a row did not come home, though there is a connection. */
  readonly onLost: () => void;
}

/** A feed on its way. */
interface Feed {
  readonly token: string;
  /** The call, byte for byte. */
  readonly body: Uint8Array;
  /** It has come to the agent: with the same bytes it is not done again, whoever sends them. */
  isTaken: boolean;
  isEvaluated: boolean;
}

/** Where the answers to feeds come: the board hears them like anybody who drives it. */
export function toFeedAnswers(base: string): string {
  return `${base}/reply/+/${watchdogId}`;
}

/**
 * Feeds the watchdog the long way round: a native call to this very board, through the broker, evaluated by its REPL like
 * anybody's, and its answer through the broker once more. What comes home proves that all of it works – connection, rights at
 * the broker, agent, REPL and files: that the board is manageable.
 */
export class Feeder {
  readonly #options: FeederOptions;
  readonly #topic: string;
  #feeds: Feed[] = [];
  #timer: Timer | undefined;

  constructor(options: FeederOptions) {
    this.#options = options;
    this.#topic = encodeCommandTopic(options.base, { command: callCommand, id: watchdogId, tail: undefined });
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

  /** Whose a call is: only one that is exactly what was sent round, and has not come before, is done without a signature. */
  take(body: Uint8Array): "own" | "repeated" | "foreign" {
    const feed = this.#feeds.find((one) => equalBytes(body, one.body));
    if (feed?.isTaken) return "repeated";
    if (!feed) return "foreign";
    feed.isTaken = true;
    return "own";
  }

  /** What the REPL calls as `this.watchdog.feed(token)`. @returns what its answer has to hold */
  evaluated(token: unknown): string {
    const feed = this.#feeds.find((one) => one.token === token);
    if (!feed) return "no feed is under way with this token";
    feed.isEvaluated = true;
    return feed.token;
  }

  /** Takes an answer that has come home. */
  receive({ payload, retain }: Pick<Message, "payload" | "retain">): void {
    const packet = retain ? undefined : decodeBoardPacket(payload);
    const text = packet && decodeUtf8(packet.body);
    const index = this.#feeds.findIndex(({ token, isEvaluated }) => isEvaluated && text?.includes(token));
    if (index < 0) return;
    this.#feeds = this.#feeds.slice(index + 1);
    this.#options.onFed();
  }

  #send(): void {
    const { client, cryptography, onLost } = this.#options;
    if (!client.connected) return;
    if (this.#feeds.length >= feedsLost) onLost();
    const token = toHex(cryptography.randomBytes(8));
    // Behind `this` nothing is hidden by what somebody declares in the REPL: `let watchdog` would hide a bare name.
    const request = encodeBoardRequest({ do: "eval", source: `this.watchdog.feed("${token}")` });
    // It is known by its bytes: whose it is and what number it has says nothing.
    const call = { session: new Uint8Array(16), caller: new Uint8Array(8), number: 0, request };
    const body = encodeCall(this.#topic, call);
    this.#feeds = [...this.#feeds.slice(1 - mostFeeds), { token, body, isTaken: false, isEvaluated: false }];
    client
      .publish(this.#topic, encodeBoardPacket({ sequence: 0, last: true, body }), { qos: 1 })
      .catch(() => {});
  }
}
