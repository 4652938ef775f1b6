import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BytePort } from "../../src/base/index.ts";
import type { BoardServices } from "../../src/node/dongle/board.ts";
import type { DongleRadio, DongleRadioOptions } from "../../src/node/dongle/dongle-radio.ts";
import { openDongle } from "../../src/node/dongle/open-dongle.ts";
import type { DonglePlace } from "../../src/node/dongle/place.ts";
import { serialErrors } from "../../src/node/byte-ports/index.ts";
import { type BytePortPair, createBytePortPair } from "../../src/virtual/index.ts";
import { root } from "../house/imports.ts";
import type { MicroPythonNode } from "../micropython/node.ts";
import { createMicroPythonWorld, type MicroPythonWorld } from "../micropython/world.ts";

/** The firmware, as users get it. */
export const firmware = readFileSync(join(root, "firmware/dongle.py"), "utf8");

export const dongleAddress = "70041dad8f10";

/** How a world with a dongle is made. */
export interface DongleWorldOptions {
  readonly seed?: number;
  /** What is on the board. Default: the firmware. */
  readonly files?: Readonly<Record<string, string>>;
  /** Modules that the board's MicroPython has not. */
  readonly without?: readonly string[];
  /** Sees what arrives at either end of the cable, and gives what arrives in its place. */
  readonly onArrival?: (bytes: Uint8Array, at: "left" | "right") => readonly Uint8Array[];
}

/** A board of real MicroPython with the firmware on it, on a cable that can be pulled, and an air with nodes. */
export class DongleWorld {
  readonly world: MicroPythonWorld;
  board: MicroPythonNode;
  /** What the radio said. */
  readonly said: string[] = [];
  isPlugged = true;
  readonly #options: DongleWorldOptions;
  #cable: BytePortPair | undefined;
  readonly #radios: DongleRadio[] = [];

  constructor(options: DongleWorldOptions = {}) {
    this.#options = options;
    this.world = createMicroPythonWorld({ seed: options.seed ?? 1 });
    this.board = this.#boot(dongleAddress);
  }

  #boot(address: string): MicroPythonNode {
    const { files = { "main.py": firmware }, without = [] } = this.#options;
    const console = createBytePortPair().right;
    return this.world.boot("main.py", { address, files, without, console });
  }

  /** Puts another board into the place of the one that was pulled out. */
  async exchange(address: string): Promise<void> {
    await this.board.close();
    this.board = this.#boot(address);
    this.isPlugged = true;
  }

  /** Opens the port that the board is at. */
  readonly openPort = async (): Promise<BytePort> => {
    if (!this.isPlugged) throw serialErrors.create("serial/no-port", "there is no serial port /dev/ttyUSB0");
    return this.#lay();
  };

  /** The port, for another program that is there while the radio finds nothing. */
  readonly elsewhere: DonglePlace = {
    name: "/dev/ttyUSB9",
    open: () => async () => this.#lay(),
    pulseReset: () => Promise.resolve(),
  };

  /** Lays a cable to the board. */
  #lay(): BytePort {
    const { onArrival } = this.#options;
    this.#cable = createBytePortPair({
      clock: this.world.clock,
      latencyMs: 1,
      ...(onArrival && { onArrival }),
    });
    this.board.connect(this.#cable.right);
    return this.#cable.left;
  }

  /** The port, for what works on boards. */
  readonly place: DonglePlace = {
    name: "/dev/ttyUSB0",
    open: () => this.openPort,
    pulseReset: () => Promise.resolve(),
  };

  /** What works on boards needs. */
  get services(): BoardServices {
    return { place: this.place, clock: this.world.clock, random: this.world.random };
  }

  async openRadio(options: Partial<DongleRadioOptions> = {}): Promise<DongleRadio> {
    const { clock, random } = this.world;
    const radio = await clock.runUntil(
      openDongle(this.place, {
        clock,
        random,
        say: (level, text) => this.said.push(`${level}: ${text}`),
        ...options,
      }),
    );
    this.#radios.push(radio);
    return radio;
  }

  /** Pulls the dongle out: it is without power, and its port vanishes. */
  unplug(): void {
    this.isPlugged = false;
    this.#cable?.cut();
    this.board.powerOff();
  }

  plugIn(): void {
    this.isPlugged = true;
    this.board.powerOn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const radio of this.#radios) await this.world.clock.runUntil(radio.close());
    await this.world.close();
  }
}
