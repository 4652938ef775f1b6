import type { Clock } from "../base/index.ts";
import { isTunable, type Radio } from "../device/index.ts";
import type { NativeNodeState } from "./native-state.ts";

/** The channels that a node looks for its gateway on. */
export const searchedChannels: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];

/** On which channel a node finds its gateway: where that said it would go, or where it was found. */
export class GatewayChannel {
  readonly #radio: Radio;
  readonly #clock: Clock;
  /** Where the gateway is; `undefined`: where the radio was from the start. */
  #channel: number | undefined;
  /** Where it will be, and from when on, by the node's own time of day. */
  #move: NativeNodeState["move"];
  /** How many exchanges in a row were not even heard by the gateway's radio. */
  #unheard: number;

  constructor(radio: Radio, clock: Clock, state: NativeNodeState | undefined) {
    this.#radio = radio;
    this.#clock = clock;
    this.#channel = state?.channel;
    this.#move = state?.move;
    this.#unheard = state?.unheard ?? 0;
  }

  /** The gateway has said where it will be. */
  announce({ channel, inSeconds }: { readonly channel: number; readonly inSeconds: number }): void {
    this.#move = { channel, at: this.#clock.now() + inSeconds * 1000 };
  }

  /** Goes where the gateway is by now. */
  async follow(): Promise<void> {
    if (this.#move && this.#move.at <= this.#clock.now()) {
      this.#channel = this.#move.channel;
      this.#move = undefined;
    }
    await this.#tune(this.#channel);
  }

  /** The gateway's radio has heard the node. */
  heard(): void {
    this.#unheard = 0;
  }

  /**
   * The gateway's radio has not heard the node, however often it tried: looks for it on the other channels, and stays where it is
   * found. A search costs as much as a dozen frames, so that only the first, second, fourth, eighth … time in a row is worth one.
   *
   * @param ask asks on the channel that the radio is on; `true` if the gateway answered
   * @returns whether it was found
   */
  async search(ask: () => Promise<boolean>): Promise<boolean> {
    this.#unheard++;
    if (!isTunable(this.#radio) || (this.#unheard & (this.#unheard - 1)) !== 0) return false;
    const before = this.#radio.channel;
    const channels = new Set([...(this.#move ? [this.#move.channel] : []), ...searchedChannels]);
    channels.delete(before);
    let found: number | undefined;
    try {
      for (const channel of channels) {
        await this.#tune(channel);
        if (!(await ask())) continue;
        found = channel;
        this.#channel = channel;
        break;
      }
    } finally {
      await this.#tune(found ?? before);
    }
    return found !== undefined;
  }

  /** What is remembered while the node sleeps. */
  toState(): Pick<NativeNodeState, "channel" | "move" | "unheard"> {
    return { channel: this.#channel, move: this.#move, unheard: this.#unheard };
  }

  async #tune(channel: number | undefined): Promise<void> {
    const radio = this.#radio;
    if (channel !== undefined && channel !== radio.channel && isTunable(radio))
      await radio.setChannel(channel);
  }
}
