import { type Clock, decodeUtf8, type Random } from "../../../src/base/index.ts";
import type { Radio, ReceivedFrame, TunableRadio } from "../../../src/device/index.ts";
import type { Life } from "./life.ts";

/** What goes wrong with a frame, by chance. */
export interface FrameFaults {
  readonly loss: number;
  readonly acknowledgementLoss: number;
  readonly duplicate: number;
  readonly lie: number;
}

/** The gateway's address. */
export const gatewayAddress = "02006d6f7465";
/** How long a frame is under way, in milliseconds. */
const flightMs = 1;
const maximumFrameBytes = 250;

/** A node's radio. */
export class MoteRadio implements TunableRadio {
  readonly address: string;
  readonly maximumFrameBytes = maximumFrameBytes;
  channel = 6;
  awake = false;
  inRange = true;
  readonly #ether: Ether;
  #listener: ((frame: ReceivedFrame) => void) | undefined;

  constructor(ether: Ether, address: string) {
    this.#ether = ether;
    this.address = address;
  }

  listen(listener: (frame: ReceivedFrame) => void): void {
    this.#listener = listener;
  }

  send(_destination: string, bytes: Uint8Array): Promise<boolean> {
    return this.#ether.sendUp(this, bytes);
  }

  async setChannel(channel: number): Promise<void> {
    this.channel = channel;
  }

  async close(): Promise<void> {}

  hear(bytes: Uint8Array): void {
    this.#listener?.({ source: gatewayAddress, bytes, rssi: -60 });
  }
}

/** Frames between nodes and one gateway, one timer each: no more of an air than what can go wrong with them. */
export class Ether {
  faults: FrameFaults | undefined;
  channel = 6;
  /** Whether the gateway's radio is pulled off. */
  pulled = false;
  /** Frames that the present life of the gateway was given. */
  heard = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #radios = new Map<string, MoteRadio>();
  readonly #onLie: (bytes: string) => void;
  #listener: ((frame: ReceivedFrame) => void) | undefined;
  #onHeard: (source: string) => void = () => {};
  #life: Life | undefined;

  /** @param onLie a frame for a node was called delivered, and is lost; gets its text */
  constructor(clock: Clock, random: Random, onLie: (text: string) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#onLie = onLie;
  }

  join(address: string): MoteRadio {
    const radio = new MoteRadio(this, address);
    this.#radios.set(address, radio);
    return radio;
  }

  /** The gateway's radio in one of its lives. @param onHeard it is given a frame from this address */
  open(life: Life, onHeard: (source: string) => void): Radio {
    this.#life = life;
    this.#listener = undefined;
    this.#onHeard = onHeard;
    this.heard = 0;
    const channel = () => this.channel;
    const isPulled = () => this.pulled;
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
      send: (destination, bytes) => this.#sendDown(life, destination, bytes),
      close: async () => {},
    };
  }

  /** Carries a frame of a node; tells what the node's radio says of it. */
  sendUp(radio: MoteRadio, bytes: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      this.#clock.setTimer(flightMs, () => {
        if (!this.#reaches(radio)) return resolve(this.#strikes("lie"));
        const { address } = radio;
        this.#hand(address, bytes);
        if (this.#strikes("duplicate"))
          this.#clock.setTimer(flightMs, () => this.#hand(address, bytes.slice()));
        resolve(!this.#strikes("acknowledgementLoss") && !this.#strikes("lie"));
      });
    });
  }

  #sendDown(life: Life, destination: string, bytes: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      life.clock.setTimer(flightMs, () => {
        const radio = this.#radios.get(destination);
        if (!radio || !this.#reaches(radio)) {
          const lies = !this.pulled && this.#strikes("lie");
          if (lies) this.#onLie(decodeUtf8(bytes) ?? "");
          return resolve(lies);
        }
        radio.hear(bytes);
        if (this.#strikes("duplicate"))
          this.#clock.setTimer(flightMs, () => radio.awake && radio.hear(bytes.slice()));
        resolve(!this.#strikes("acknowledgementLoss") && !this.#strikes("lie"));
      });
    });
  }

  /** A dongle hears, and acknowledges, although nobody listens to it. */
  #hand(source: string, bytes: Uint8Array): void {
    if (!this.#listener || this.#life?.isOver) return;
    this.heard++;
    this.#onHeard(source);
    this.#listener({ source, bytes, rssi: -60 });
  }

  #reaches(radio: MoteRadio): boolean {
    const isThere = radio.awake && radio.inRange && radio.channel === this.channel && !this.pulled;
    return isThere && !this.#strikes("loss");
  }

  #strikes(fault: keyof FrameFaults): boolean {
    return this.faults !== undefined && this.#random.next() < this.faults[fault];
  }
}
