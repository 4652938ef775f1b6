import { type Clock, messageOf } from "../base/index.ts";
import {
  assertSendable,
  broadcastAddress,
  isTunable,
  type MacAddress,
  type Radio,
  type ReceivedFrame,
  type TunableRadio,
} from "../device/index.ts";
import { gatewayErrors } from "./errors.ts";
import { Receptions } from "./receptions.ts";

/** How radios are grouped. */
export interface RadioGroupOptions {
  readonly clock: Clock;
  /**
   * How far apart radios may hand over the same frame, in milliseconds. Default 100. Shorter, and a slow radio's copy counts as
   * another frame; longer, and of two equal frames one is missed if each radio heard only one.
   */
  readonly windowMs?: number;
  /** Of how many nodes it is remembered by which radio they were heard; then the one longest quiet is forgotten. Default 10,000. */
  readonly sources?: number;
  /** How long a radio may take to send a frame until the next one is tried, in milliseconds. Default 1000. */
  readonly sendMs?: number;
}

/** One of the radios. */
interface Member {
  readonly radio: Radio;
  /** Its place in the list, from 0. */
  readonly index: number;
  /** What its last work came to, until it works again. */
  failure: string | undefined;
  /** Whether it is being brought to the group's channel. */
  tuning: boolean;
}

/**
 * Several radios with one address as one. A frame that several heard is handed over once, when the first brings it. What goes to
 * a node goes by the radio that heard it best lately, and by the next if that one fails; what goes to all goes by all. It works
 * as long as one of them does.
 *
 * @example
 * const radio = new RadioGroup([inTheHouse, inTheBarn], { clock });
 * const gateway = new Gateway({ radio, client, store, clock });
 */
export class RadioGroup implements Radio {
  readonly address: MacAddress;
  /** Brings all of them to another channel; `undefined` if one of them cannot change its. */
  readonly setChannel: TunableRadio["setChannel"] | undefined;
  readonly #members: readonly Member[];
  readonly #clock: Clock;
  readonly #sendMs: number;
  readonly #receptions: Receptions;
  #channel: number;

  /** @throws `gateway/bad-setting`: no radio, or they differ in their address or channel */
  constructor(radios: readonly Radio[], options: RadioGroupOptions) {
    const [first] = radios;
    if (!first) throw gatewayErrors.create("gateway/bad-setting", "a group of radios has one at least");
    for (const { address, channel } of radios) {
      if (address === first.address && channel === first.channel) continue;
      throw gatewayErrors.create(
        "gateway/bad-setting",
        `radios of a group share address and channel: expected ${first.address} on ${first.channel}, ` +
          `got ${address} on ${channel}`,
      );
    }
    this.address = first.address;
    this.#channel = first.channel;
    this.#clock = options.clock;
    this.#sendMs = options.sendMs ?? 1000;
    this.#members = radios.map((radio, index) => ({ radio, index, failure: undefined, tuning: false }));
    this.#receptions = new Receptions(radios.length, options);
    this.setChannel = radios.every((radio) => isTunable(radio))
      ? (channel) => this.#setChannel(channel)
      : undefined;
  }

  get channel(): number {
    return this.#channel;
  }

  /** What all of them carry. */
  get maximumFrameBytes(): number {
    return Math.min(...this.#members.map(({ radio }) => radio.maximumFrameBytes));
  }

  /** Only if none of them works. */
  get problem(): string | undefined {
    const troubles = this.#troubles();
    return troubles.length === this.#members.length ? troubles.join("; ") : undefined;
  }

  /** Which of them do not work, if others do. */
  get degraded(): string | undefined {
    const troubles = this.#troubles();
    if (troubles.length === this.#members.length) return undefined;
    if (troubles.length > 0)
      return `${troubles.length} of ${this.#members.length} radios: ${troubles.join("; ")}`;
    const degraded = this.#members.flatMap(({ radio }) => radio.degraded ?? []);
    return degraded.length > 0 ? degraded.join("; ") : undefined;
  }

  listen(listener: (frame: ReceivedFrame) => void): void {
    for (const member of this.#members) {
      member.radio.listen((frame) => {
        // Each hears what another sends to all.
        if (frame.source === this.address) return;
        member.failure = undefined;
        const now = this.#clock.monotonic();
        if (!this.#receptions.note(frame, member.index, now)) return;
        const rssi = this.#receptions.bestRssi(frame.source);
        listener(rssi === undefined ? frame : { ...frame, rssi });
      });
    }
  }

  async send(destination: MacAddress, bytes: Uint8Array): Promise<boolean> {
    assertSendable(destination, bytes, this.maximumFrameBytes);
    for (const member of this.#members) {
      if (member.radio.channel !== this.#channel) void this.#bringAlong(member);
    }
    if (destination === broadcastAddress) {
      return anyOf(
        await Promise.allSettled(this.#members.map((one) => this.#sendBy(one, destination, bytes))),
      );
    }
    let failure: { readonly error: unknown } | undefined;
    let wasSent = false;
    for (const member of this.#inOrder(destination)) {
      try {
        if (await this.#sendBy(member, destination, bytes)) return true;
        wasSent = true;
      } catch (error) {
        failure = { error };
      }
    }
    if (failure && !wasSent) throw failure.error;
    return false;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#members.map(({ radio }) => radio.close()));
  }

  /** Those that work, the one first that heard the node best lately; all if none works. */
  #inOrder(destination: MacAddress): readonly Member[] {
    const working = this.#members.filter(({ radio }) => radio.problem === undefined);
    const able = working.length > 0 ? working : this.#members;
    const places = this.#receptions.order(destination);
    // One that has failed is tried last, so that it is found out when it works again.
    const rank = ({ index, failure }: Member) =>
      places.indexOf(index) + (failure === undefined ? 0 : places.length);
    return able.toSorted((one, other) => rank(one) - rank(other));
  }

  /** @throws what the radio throws, or that it takes too long */
  async #sendBy(member: Member, destination: MacAddress, bytes: Uint8Array): Promise<boolean> {
    try {
      const delivered = await this.#inTime(member.radio.send(destination, bytes));
      if (delivered) member.failure = undefined;
      return delivered;
    } catch (error) {
      member.failure = messageOf(error);
      throw error;
    }
  }

  async #inTime(sent: Promise<boolean>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(this.#sendMs, () => {
        reject(new Error(`it did not say within ${this.#sendMs} ms whether a frame was sent`));
      });
      const end = () => timer.cancel();
      sent.then(end, end);
      sent.then(resolve, reject);
    });
  }

  /** @throws what the radios throw, if none of them can go there */
  async #setChannel(channel: number): Promise<void> {
    const before = this.#channel;
    this.#channel = channel;
    const results = await Promise.allSettled(this.#members.map((member) => tune(member.radio, channel)));
    const failed = results.filter((result) => result.status === "rejected");
    if (failed.length < results.length) return;
    this.#channel = before;
    throw failed[0]?.reason;
  }

  /** Brings a radio to the group's channel that is elsewhere: one that was away when the others went, as a rule. */
  async #bringAlong(member: Member): Promise<void> {
    const { radio } = member;
    if (radio.problem !== undefined || member.tuning) return;
    member.tuning = true;
    // It stays in trouble for all to see if it cannot, and is asked again with the next frame.
    await tune(radio, this.#channel).catch(() => {});
    member.tuning = false;
  }

  #troubles(): string[] {
    return this.#members.flatMap(({ radio, index, failure }) => {
      const elsewhere = radio.channel === this.#channel ? undefined : `it is on channel ${radio.channel}`;
      const trouble = radio.problem ?? failure ?? elsewhere;
      return trouble === undefined ? [] : [`radio ${index + 1}: ${trouble}`];
    });
  }
}

async function tune(radio: Radio, channel: number): Promise<void> {
  if (isTunable(radio)) await radio.setChannel(channel);
}

/** Whether one of several sendings went well. @throws if none was even tried */
function anyOf(results: readonly PromiseSettledResult<boolean>[]): boolean {
  const settled = results.filter((result) => result.status === "fulfilled");
  if (settled.length > 0) return settled.some(({ value }) => value);
  throw results.find((result) => result.status === "rejected")?.reason;
}
