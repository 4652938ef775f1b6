import type { MqttVersion, Packet } from "../../src/mqtt/index.ts";
import { decodeRequest, encodePacket, PacketReader } from "../../src/mqtt/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";
import { answer } from "../mqtt/scripted-broker.ts";

/** How the program in the engine is called. */
export type CallProgram = (
  name: "onOpen" | "onData" | "onClose" | "ring",
  argument?: number | Uint8Array,
) => void;

/**
 * What surrounds a program in an engine: time, and a broker that takes everything and sends it back. Calls into the
 * engine come from `live` alone, since engines must not be entered again from inside.
 */
export class Surroundings {
  readonly clock = new VirtualClock();
  /** What the program has said. */
  readonly said: string[] = [];
  /** Bytes that went to the broker. */
  written = 0;
  readonly #version: MqttVersion;
  readonly #calls: (() => void | Promise<void>)[] = [];
  readonly #call: CallProgram;
  #reader = new PacketReader();
  #lastId = 0;

  constructor(version: MqttVersion, call: CallProgram) {
    this.#version = version;
    this.#call = call;
  }

  readonly host = {
    open: (): void => {
      this.#reader = new PacketReader({ decodeRequest, version: this.#version });
      this.#calls.push(() => this.#call("onOpen"));
    },
    write: (bytes: Uint8Array): void => {
      this.written += bytes.length;
      this.#reader.push(bytes);
      for (let packet = this.#reader.next(); packet; packet = this.#reader.next()) {
        if (packet.type === "malformed") throw new Error(`the program sent ${packet.reason}`);
        const reply = answer(packet);
        if (reply) this.#send(reply);
        if (packet.type === "publish") this.#send({ ...packet, packetId: (this.#lastId++ % 60_000) + 1 });
      }
    },
    close: (): void => void this.#calls.push(() => this.#call("onClose")),
    setTimer: (id: number, delayMs: number): void => {
      this.clock.setTimer(delayMs, () => this.#calls.push(() => this.#call("ring", id)));
    },
    now: (): number => this.clock.monotonic(),
    say: (text: string): void => void this.said.push(text),
  };

  /** Lets so many milliseconds pass, with everything that happens meanwhile. */
  async live(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    for (await this.#run(); this.clock.monotonic() < end; await this.#run()) {
      await this.clock.advance(Math.min(10, end - this.clock.monotonic()));
    }
  }

  async #run(): Promise<void> {
    for (let next = this.#calls.shift(); next; next = this.#calls.shift()) await next();
  }

  #send(packet: Packet): void {
    const bytes = encodePacket(packet, this.#version);
    this.#calls.push(() => this.#call("onData", bytes));
  }
}
