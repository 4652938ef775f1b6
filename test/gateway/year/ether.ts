import { type Clock, decodeUtf8, type Random } from "../../../src/base/index.ts";
import type { ReceivedFrame, TunableRadio } from "../../../src/device/index.ts";
import { Dongle, gatewayAddress, maximumFrameBytes } from "./dongle.ts";
import type { Life } from "./life.ts";

/** What goes wrong with a frame, by chance. */
export interface FrameFaults {
  readonly loss: number;
  readonly acknowledgementLoss: number;
  readonly duplicate: number;
  readonly lie: number;
}

/** How long a frame is under way, in milliseconds. */
const flightMs = 1;

/** A node's radio. */
export class MoteRadio implements TunableRadio {
  readonly address: string;
  readonly maximumFrameBytes = maximumFrameBytes;
  channel = 6;
  awake = false;
  inRange = true;
  /** The gateway's radios that are near. */
  readonly dongles: readonly Dongle[];
  readonly #ether: Ether;
  #listener: ((frame: ReceivedFrame) => void) | undefined;

  constructor(ether: Ether, address: string, dongles: readonly Dongle[]) {
    this.#ether = ether;
    this.address = address;
    this.dongles = dongles;
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

/** Frames between nodes and the radios of one gateway, one timer each: no more of an air than what can go wrong with them. */
export class Ether {
  faults: FrameFaults | undefined;
  /** The gateway's: one hears everybody better than the other. */
  readonly dongles: readonly Dongle[] = [new Dongle(this, -60), new Dongle(this, -75)];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #radios = new Map<string, MoteRadio>();
  readonly #onLie: (bytes: string) => void;

  /** @param onLie a frame for a node was called delivered, and is lost; gets its text */
  constructor(clock: Clock, random: Random, onLie: (text: string) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#onLie = onLie;
  }

  /** A node's radio. @param nearTo the places of the gateway's radios that are near */
  join(address: string, nearTo: readonly number[]): MoteRadio {
    const dongles = this.dongles.filter((_dongle, place) => nearTo.includes(place));
    const radio = new MoteRadio(this, address, dongles);
    this.#radios.set(address, radio);
    return radio;
  }

  /** Carries a frame of a node to all who hear it; tells what the node's radio says of it. */
  sendUp(radio: MoteRadio, bytes: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      this.#clock.setTimer(flightMs, () => {
        let isHeard = false;
        for (const dongle of radio.dongles) {
          if (!this.#reaches(radio, dongle)) continue;
          isHeard = true;
          dongle.hear(radio.address, bytes.slice());
          if (this.#strikes("duplicate"))
            this.#clock.setTimer(flightMs, () => dongle.hear(radio.address, bytes.slice()));
        }
        resolve(
          isHeard ? !this.#strikes("acknowledgementLoss") && !this.#strikes("lie") : this.#strikes("lie"),
        );
      });
    });
  }

  /** Carries a frame of one of the gateway's radios; tells what that says of it. */
  sendDown(dongle: Dongle, life: Life, destination: string, bytes: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      life.clock.setTimer(flightMs, () => {
        const radio = this.#radios.get(destination);
        if (!radio?.dongles.includes(dongle) || !this.#reaches(radio, dongle)) {
          const lies = !dongle.pulled && this.#strikes("lie");
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

  #reaches(radio: MoteRadio, dongle: Dongle): boolean {
    const isThere = radio.awake && radio.inRange && radio.channel === dongle.channel && !dongle.pulled;
    return isThere && !this.#strikes("loss");
  }

  #strikes(fault: keyof FrameFaults): boolean {
    return this.faults !== undefined && this.#random.next() < this.faults[fault];
  }
}
