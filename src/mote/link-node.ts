import type { AbortSignalLike } from "../base/index.ts";
import { isTunable } from "../device/index.ts";
import { type ClassicCommand, encodeClassicUplink } from "../wire/index.ts";
import { searchedChannels } from "./gateway-channel.ts";
import { ClassicNode, type ListenOptions, type PublishOptions, type WaitOptions } from "./classic-node.ts";
import type { Answer, MessageHandler, NoAnswer } from "./conversation.ts";
import { moteErrors } from "./errors.ts";

/** What became of a publication. */
export type LinkPublishOutcome =
  /** `ACK`: the gateway has it and will bring it to the broker. */
  | "acknowledged"
  /** `NAK`: the gateway has it, but the broker is out or slow. Publish less for a while; don't repeat it. */
  | "broker-out"
  /** `BAD`: the gateway did not take it. Try again later. */
  | "refused"
  | NoAnswer;

/** The state of the broker behind the gateway. */
export type PingOutcome = "up" | "down" | NoAnswer;

/**
 * A node of the `link` dialect: what MicroPython nodes since August 2023 say, with outcomes that tell apart what they
 * confuse. Calls wait for each other, but for `listen`.
 *
 * @example
 * const node = new LinkNode({ radio, clock, gateway: "02006d6f7465" });
 * if ((await node.publish("shed", "21.5")) === "acknowledged") await node.get((message) => show(message));
 */
export class LinkNode extends ClassicNode {
  /**
   * Publishes; longer than a frame, it goes in parts, each of which is answered.
   *
   * @throws `topics/bad-name`, `mote/too-long`
   */
  async publish(
    topic: string,
    message: string | Uint8Array,
    options: PublishOptions = {},
  ): Promise<LinkPublishOutcome> {
    let outcome: LinkPublishOutcome = "acknowledged";
    for (const frame of this.cut(topic, message, options, false)) {
      outcome = await this.conversation.ask(frame, readPublishAnswer, options.signal);
      if (outcome !== "acknowledged" && outcome !== "broker-out") break;
    }
    return outcome;
  }

  /** Asks whether the broker can be reached. */
  async ping({ signal }: WaitOptions = {}): Promise<PingOutcome> {
    return this.#command("ping", readPingAnswer, signal);
  }

  /** Asks for the gateway's channel; `undefined` without an answer. */
  async getChannel({ signal }: WaitOptions = {}): Promise<number | undefined> {
    const outcome = await this.#command("channel", readChannelAnswer, signal);
    return typeof outcome === "number" ? outcome : undefined;
  }

  /**
   * Fetches what waits at the gateway, and hands it over with what was heard before, until a silence.
   *
   * @returns `false` if the gateway's radio did not hear the request
   */
  async get(handle: MessageHandler, { signal }: WaitOptions = {}): Promise<boolean> {
    const delivered = await this.conversation.tell(encodeClassicUplink({ type: "get" }), signal);
    await this.conversation.drain(handle, delivered ? undefined : 0, signal);
    return delivered;
  }

  /** `ping` and `get` in one frame, as asynchronous nodes do. */
  async poll(handle: MessageHandler, { signal }: WaitOptions = {}): Promise<PingOutcome> {
    const outcome = await this.#command("poll", readPingAnswer, signal);
    await this.conversation.drain(handle, outcome === "not-delivered" ? 0 : undefined, signal);
    return outcome;
  }

  /** Hands over messages as they come, until a silence. */
  async listen(handle: MessageHandler, options: ListenOptions = {}): Promise<void> {
    await this.drain(handle, options);
  }

  /**
   * Looks for the gateway channel by channel, and stays on the one that it says it is on (a neighbouring channel may
   * be heard too). Without an answer on any, the radio returns to where it was.
   *
   * @param channels default: 1 … 13 in turn
   * @returns the gateway's channel, `undefined` if it was not found
   * @throws `mote/cannot-scan`
   */
  async scan(
    channels: Iterable<number> = searchedChannels,
    { signal }: WaitOptions = {},
  ): Promise<number | undefined> {
    const radio = this.radio;
    if (!isTunable(radio)) {
      throw moteErrors.create("mote/cannot-scan", `the radio ${radio.address} cannot change its channel`);
    }
    const before = radio.channel;
    let found: number | undefined;
    try {
      for (const channel of channels) {
        await radio.setChannel(channel);
        found = await this.getChannel({ signal });
        if (found !== undefined) break;
      }
    } finally {
      await radio.setChannel(found ?? before);
    }
    return found;
  }

  #command<T extends string | number>(
    command: ClassicCommand,
    read: (answer: Answer) => T | undefined,
    signal: AbortSignalLike | undefined,
  ): Promise<T | NoAnswer> {
    return this.conversation.ask(encodeClassicUplink({ type: command }), read, signal);
  }
}

const publishOutcomes: Readonly<Record<string, "acknowledged" | "broker-out" | "refused" | undefined>> = {
  ACK: "acknowledged",
  NAK: "broker-out",
  BAD: "refused",
};

function readPublishAnswer(answer: Answer) {
  return answer.type === "reply" ? publishOutcomes[answer.reply] : undefined;
}

function readPingAnswer(answer: Answer): "up" | "down" | undefined {
  if (answer.type !== "reply") return undefined;
  if (answer.reply === "UP") return "up";
  return answer.reply === "DOWN" ? "down" : undefined;
}

function readChannelAnswer(answer: Answer): number | undefined {
  return answer.type === "channel" ? answer.channel : undefined;
}
