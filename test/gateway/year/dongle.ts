import type { ReceivedFrame, TunableRadio } from "../../../src/device/index.ts";
import type { Ether } from "./ether.ts";
import type { Life } from "./life.ts";

/** The gateway's address: that of all its radios. */
export const gatewayAddress = "02006d6f7465";
export const maximumFrameBytes = 250;
/** Where a radio is that has just been plugged in, or whose process has just been started. */
const firstChannel = 6;

/** One of the gateway's radios. It outlives its process, and can be pulled off and put back. */
export class Dongle {
  channel = firstChannel;
  /** Frames that it brought in the present life of the gateway. */
  brought = 0;
  readonly #ether: Ether;
  /** How strong it hears everybody, in dBm. */
  readonly #rssi: number;
  #pulled = false;
  #life: Life | undefined;
  #listener: ((frame: ReceivedFrame) => void) | undefined;

  constructor(ether: Ether, rssi: number) {
    this.#ether = ether;
    this.#rssi = rssi;
  }

  get pulled(): boolean {
    return this.#pulled;
  }

  set pulled(pulled: boolean) {
    this.#pulled = pulled;
    this.channel = firstChannel;
  }

  /** As one life of the gateway sees it. */
  open(life: Life): TunableRadio {
    this.#life = life;
    this.#listener = undefined;
    this.channel = firstChannel;
    this.brought = 0;
    const channel = () => this.channel;
    const isPulled = () => this.#pulled;
    return {
      address: gatewayAddress,
      maximumFrameBytes,
      get channel() {
        return channel();
      },
      get problem() {
        return isPulled() ? "it is pulled off" : undefined;
      },
      listen: (listener) => {
        if (!life.isOver) this.#listener = listener;
      },
      send: (destination, bytes) => this.#ether.sendDown(this, life, destination, bytes),
      setChannel: async (wanted) => {
        if (this.#pulled) throw new Error("it is pulled off");
        if (!life.isOver) this.channel = wanted;
      },
      close: async () => {},
    };
  }

  /** It hears, and acknowledges, although nobody listens to it. */
  hear(source: string, bytes: Uint8Array): void {
    if (!this.#listener || this.#life?.isOver) return;
    this.brought++;
    this.#listener({ source, bytes, rssi: this.#rssi });
  }
}
