import { type AbortSignalLike, type Clock, toHex, withAbort } from "../base/index.ts";
import type { MacAddress, Radio, ReceivedFrame } from "../device/index.ts";
import type { NoAnswer } from "./conversation.ts";
import type { GatewayChannel } from "./gateway-channel.ts";
import type { NativeEnd, NativeEvent, NodeFrames } from "./native-end.ts";
import type { NativeExchange, NativeMessageHandler } from "./native-options.ts";
import { WakeUp } from "./wake-up.ts";

/** A radio that got no acknowledgement may have been heard all the same; the answer would come soon. */
const undeliveredReplyMs = 15;
/** An exchange that brings nothing new so many times in a row has come to its end. */
const idleRounds = 3;

/** What a talk stands on. */
export interface NativeTalkOptions {
  readonly end: NativeEnd;
  readonly channel: GatewayChannel;
  readonly radio: Radio;
  readonly clock: Clock;
  readonly gateway: MacAddress;
  readonly replyMs: number;
  readonly attempts: number;
}

/** How an exchange goes. */
export interface TalkManner {
  /** Whether to ask for what waits. */
  readonly fetch: boolean;
  readonly receive?: NativeMessageHandler | undefined;
}

/** What came of frames that were sent. */
type Asked = Exclude<NativeEvent, "nothing" | "more"> | NoAnswer;

/** Performs what the node's end says: sends, waits, and gives it what is heard. One call at a time. */
export class NativeTalk {
  readonly #options: NativeTalkOptions;
  readonly #wakeUp: WakeUp;
  /** What was heard last that a wait ends with. */
  #event: NativeEvent = "nothing";
  /** How many listen, so that the node stays awake. */
  #listeners = 0;

  constructor(options: NativeTalkOptions) {
    this.#options = options;
    this.#wakeUp = new WakeUp(options.clock);
    options.radio.listen((frame) => this.#receive(frame));
  }

  /** Asks to join until the gateway has proved that it has the same key. */
  async join(secret: Uint8Array, signal: AbortSignalLike | undefined): Promise<"joined" | NoAnswer> {
    let outcome: NoAnswer = "no-answer";
    for (let attempt = 0; attempt < this.#options.attempts; attempt++) {
      // Each time with new random bytes: the answer to one join is none to another.
      const asked = await this.#ask({ frames: [this.#options.end.join(secret)], answered: true }, signal);
      if (asked === "not-delivered" || asked === "no-answer") outcome = asked;
      else if (asked === "joined") {
        const greeted = await this.converse({ fetch: false }, signal);
        if (greeted === "answered") return "joined";
      }
    }
    return outcome;
  }

  /** Sends and hears until nothing is left to say or to fetch, or nothing is heard. */
  async converse(how: TalkManner, signal: AbortSignalLike | undefined): Promise<NativeExchange["outcome"]> {
    const { end, clock, attempts, channel } = this.#options;
    end.begin();
    await channel.follow();
    let searched = false;
    let failures = 0;
    let idle = 0;
    for (;;) {
      const stays = this.#listeners > 0;
      const frames = end.frames(how.fetch || stays, stays, clock.now());
      if (!frames) return "not-joined";
      const before = progressOf(end);
      const asked = await this.#ask(frames, signal);
      end.inbox.handOver(how.receive);
      if (asked === "not-delivered" || asked === "no-answer") {
        failures = progressOf(end) === before ? failures + 1 : 0;
        if (failures < attempts) continue;
        if (searched || asked === "no-answer" || !(await this.#search(how, signal))) return asked;
        searched = true;
        failures = 0;
        continue;
      }
      channel.heard();
      idle = asked === "complete" && progressOf(end) === before ? idle + 1 : 0;
      const more = end.unfinished || (how.fetch && (end.reply?.waiting ?? 0) > 0);
      if (asked === "complete" && (!more || idle >= idleRounds)) break;
      if (asked !== "complete" && ++failures > attempts) return "no-answer";
    }
    await this.#tell(end.lastWord(this.#listeners > 0), signal);
    return "answered";
  }

  /**
   * Hands over messages as they come, until none has come for `silenceMs`. Other things may be said meanwhile; `inTurn` sees to it
   * that it is one at a time.
   */
  async listen(
    receive: NativeMessageHandler,
    { silenceMs, pollMs }: { silenceMs: number; pollMs: number },
    inTurn: <T>(work: () => Promise<T>) => Promise<T>,
    signal: AbortSignalLike | undefined,
  ): Promise<NativeExchange["outcome"]> {
    const { end, clock, replyMs } = this.#options;
    const ask = () => inTurn(() => this.converse({ fetch: true, receive }, signal));
    this.#listeners++;
    try {
      let outcome = await ask();
      let silentAt = clock.monotonic() + silenceMs;
      for (let left = silenceMs; left > 0; left = silentAt - clock.monotonic()) {
        const heard = await this.#wakeUp.wait(Math.min(left, end.awaitsMore ? replyMs : pollMs), signal);
        if (end.inbox.size > 0) silentAt = clock.monotonic() + silenceMs;
        end.inbox.handOver(receive);
        // A gateway that was started anew does not know that this node listens, and nobody says so.
        if (end.unfinished || (!heard && left > pollMs)) outcome = await ask();
        else if (!end.awaitsMore) await inTurn(() => this.#tell(end.lastWord(true), signal));
      }
      return outcome;
    } finally {
      this.#listeners--;
      if (!signal?.aborted) await inTurn(() => this.#tell(end.lastWord(this.#listeners > 0), signal));
    }
  }

  /** Looks for the gateway on other channels; what it answers there is taken. */
  async #search({ fetch }: TalkManner, signal: AbortSignalLike | undefined): Promise<boolean> {
    const { end, channel, clock, attempts } = this.#options;
    const stays = this.#listeners > 0;
    return channel.search(async () => {
      // Only an answer counts: a gateway's radio may acknowledge what leaks from the channels next to its own.
      let asked: Asked = "no-answer";
      for (let attempt = 0; attempt < attempts && asked === "no-answer"; attempt++) {
        const frames = end.frames(fetch || stays, stays, clock.now());
        if (!frames) return false;
        asked = await this.#ask(frames, signal);
      }
      return asked !== "no-answer" && asked !== "not-delivered";
    });
  }

  /** Sends frames that nothing is to be done about, if there are any. */
  async #tell(frames: NodeFrames | undefined, signal: AbortSignalLike | undefined): Promise<void> {
    if (frames) await (frames.answered ? this.#ask(frames, signal) : this.#send(frames, signal));
  }

  /** Sends frames and waits for what comes of the last. */
  async #ask(frames: NodeFrames, signal: AbortSignalLike | undefined): Promise<Asked> {
    this.#event = "nothing";
    const delivered = await this.#send(frames, signal);
    const waitMs = delivered ? this.#options.replyMs : undeliveredReplyMs;
    const deadline = this.#options.clock.monotonic() + waitMs;
    for (;;) {
      const event = this.#takeEvent();
      if (event !== "nothing" && event !== "more") return event;
      const left = deadline - this.#options.clock.monotonic();
      if (left <= 0 || !(await this.#wakeUp.wait(left, signal))) {
        return delivered ? "no-answer" : "not-delivered";
      }
    }
  }

  /** Whether the radio of the gateway acknowledged the last frame. */
  async #send({ frames }: NodeFrames, signal: AbortSignalLike | undefined): Promise<boolean> {
    const { radio, gateway } = this.#options;
    let delivered = false;
    for (const frame of frames) delivered = await withAbort(radio.send(gateway, frame), signal);
    return delivered;
  }

  #takeEvent(): NativeEvent {
    const event = this.#event;
    this.#event = "nothing";
    return event;
  }

  #receive({ source, bytes }: ReceivedFrame): void {
    if (source !== this.#options.gateway) {
      this.#options.end.counters.add("foreign");
      return;
    }
    const { end, channel } = this.#options;
    const event = end.receive(bytes);
    const move = end.takeMove();
    if (move) channel.announce(move);
    if (event === "nothing") return;
    if (event !== "more") this.#event = event;
    this.#wakeUp.ring();
  }
}

/** A number that changes with everything that an exchange brings. */
function progressOf({ outbox, inbox, counters }: NativeEnd): string {
  const bits = inbox.have.map(({ number, bits: parts }) => `${number}:${toHex(parts)}`).join();
  return [outbox.size, outbox.have, inbox.size, inbox.came.join(), bits, counters.get("sessions")].join(" ");
}
