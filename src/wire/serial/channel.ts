import { Counters } from "../../base/index.ts";
import { Assembly } from "./assembly.ts";
import { encodeSerialFrame, type SerialFault, SerialFrameReader } from "./frame.ts";
import { Outgoing } from "./outgoing.ts";
import {
  dataHeaderBytes,
  decodeSerialPacket,
  encodeSerialPacket,
  longestHello,
  type SerialHello,
  type SerialPacket,
  serialVersion,
} from "./packet.ts";

/** What a channel asks of its surroundings. */
export interface SerialChannelOutput {
  /** Put these bytes, one whole frame, on the line. */
  write(frame: Uint8Array): void;
  /** The other end's next message. */
  receive(message: Uint8Array): void;
  /** The other end is there and knows nothing of what was before: begin from the beginning. */
  up(peer: SerialHello): void;
  /** The other end has gone, and with it what was sent and is not acknowledged. */
  down(reason: SerialDown): void;
  /** All that was sent is acknowledged, or half the queue: there is room. */
  writable(): void;
}

/** Why a channel went down: the other end started anew, or nothing was heard of it; or this end began anew. */
export type SerialDown = "peer-restarted" | "peer-silent" | "restarted";

/** What became of a message that was to be sent. */
export type SerialSend = "taken" | "down" | "full" | "too-long";

/** What a channel drops, by reason. */
export type SerialDrop =
  | SerialFault
  /** A frame that was whole, but no packet of this wire. */
  | "bad-packet"
  /** Data before both ends knew each other. */
  | "not-up"
  /** Data that had come already, and was sent again since its acknowledgement was lost. */
  | "repeated"
  /** Data behind some that was lost: it comes again. */
  | "ahead"
  /** An acknowledgement of what was never sent. */
  | "bad-acknowledgement"
  /** A message longer than was said to be taken. */
  | "message-too-long";

/** Limits and times of a channel. All times in milliseconds. */
export interface SerialChannelOptions {
  /** Says what this end is and can: words of text, at most 200 bytes. */
  readonly about: string;
  /** Draws the number of an instance, 1 … 2³² − 1, another each time. */
  readonly drawInstance: () => number;
  /** How many packets of data this end takes before it acknowledges, 1 … 127. Default 8. */
  readonly window?: number;
  /** How many bytes of a message this end takes in one packet, 1 … 65,535. Default 256. */
  readonly maximumData?: number;
  /** The longest message this end takes, in bytes. Default 1 MiB. */
  readonly maximumMessage?: number;
  /** How many bytes may wait to be sent. Default 256 KiB; one message always may. */
  readonly queueBytes?: number;
  /** How often an end that knows of no other says hello. Default 1000. */
  readonly helloMs?: number;
  /** How long an acknowledgement may wait for data that takes it along. Default 20. */
  readonly acknowledgeMs?: number;
  /** After how long without progress data is sent again, at first; it doubles up to eight times that. Default 400. */
  readonly repeatMs?: number;
  /** After how long a silent end is asked whether it is there. Default 3000. */
  readonly pollMs?: number;
  /** After how long it counts as gone. Default 10,000. */
  readonly silenceMs?: number;
}

/**
 * Carries messages over a line that alters, loses and doubles bytes, each once and in order, for as long as both ends
 * live. It knows neither time nor line: it is told of them – `now` is in milliseconds of a clock that never steps –
 * and what it wants done it says to its output. `docs/reference/serial-wire.md` has the rules.
 */
export class SerialChannel {
  /** What came and was of no use, by reason. */
  readonly drops = new Counters<SerialDrop>();
  readonly #output: SerialChannelOutput;
  readonly #options: Required<SerialChannelOptions>;
  readonly #reader: SerialFrameReader;
  readonly #outgoing: Outgoing;
  #instance: number;
  #peer: SerialHello | undefined;
  #up = false;
  /** The sequence number of the data packet that is to come next. */
  #expected = 0;
  readonly #assembly: Assembly;
  /** Packets of data that came and are not acknowledged. */
  #owed = 0;
  #acknowledgeAt = Infinity;
  /** Whether it was said that something is missing: once, until it has come. */
  #complained = false;
  #helloAt = Infinity;
  #pollAt = Infinity;
  #goneAt = Infinity;

  constructor(output: SerialChannelOutput, options: SerialChannelOptions) {
    this.#output = output;
    this.#options = { ...defaults, ...options };
    const { maximumData, drawInstance, repeatMs, queueBytes } = this.#options;
    this.#assembly = new Assembly(this.#options.maximumMessage);
    this.#reader = new SerialFrameReader(Math.max(longestHello, dataHeaderBytes + maximumData));
    this.#outgoing = new Outgoing({
      repeatMs,
      queueBytes,
      write: (packet, again) => {
        packet.expected = this.#acknowledged();
        this.#write(packet, again);
      },
    });
    this.#instance = drawInstance();
  }

  /** Whether both ends know each other. */
  get isUp(): boolean {
    return this.#up;
  }

  /** The other end, as it described itself. */
  get peer(): SerialHello | undefined {
    return this.#peer;
  }

  /** How many bytes wait to be sent or acknowledged. */
  get pendingBytes(): number {
    return this.#outgoing.bytes;
  }

  /** When `timeout` is to be called, by the clock of `now`; `Infinity` for not at all. */
  get deadline(): number {
    return Math.min(this.#helloAt, this.#acknowledgeAt, this.#outgoing.repeatAt, this.#pollAt, this.#goneAt);
  }

  /** Says hello. */
  start(now: number): void {
    this.#sayHello(now);
  }

  /** Begins anew, as after a crash: the other end forgets what was before. */
  restart(now: number): void {
    this.#goDown("restarted", now);
  }

  /** Takes a message, which must not be changed afterwards. */
  send(message: Uint8Array, now: number): SerialSend {
    if (!this.#up || !this.#peer) return "down";
    if (message.length > this.#peer.maximumMessage) return "too-long";
    return this.#outgoing.push(message, now) ? "taken" : "full";
  }

  /** Takes bytes from the line, however they were chunked. */
  receive(bytes: Uint8Array, now: number): void {
    const { faults } = this.#reader;
    const faultsBefore = faults.total();
    for (const content of this.#reader.read(bytes)) {
      const packet = decodeSerialPacket(content);
      if (packet) this.#take(packet, now);
      else this.drops.add("bad-packet");
    }
    // Something was on its way that nobody will see: to say so brings it sooner than the other end's patience.
    if (this.#up && faults.total() > faultsBefore) this.#complain();
    this.#outgoing.sendNext(now);
    if (this.#up && this.#owed * 2 >= this.#options.window) this.#acknowledge("acknowledge");
  }

  /** Does what is due. */
  timeout(now: number): void {
    if (now >= this.#goneAt) this.#goDown("peer-silent", now);
    if (now >= this.#helloAt) this.#sayHello(now);
    if (now >= this.#outgoing.repeatAt) this.#outgoing.repeat(now);
    if (now >= this.#acknowledgeAt) this.#acknowledge("acknowledge");
    if (now >= this.#pollAt) {
      this.#pollAt = now + this.#options.pollMs;
      this.#acknowledge("poll");
    }
  }

  /** Everything that was dropped, what the reader could not read included. */
  countDrops(): Partial<Record<SerialDrop, number>> {
    return { ...this.#reader.faults.toJSON(), ...this.drops.toJSON() };
  }

  #take(packet: SerialPacket, now: number): void {
    if (packet.type === "hello" || packet.type === "welcome") return this.#meet(packet, now);
    if (!this.#up) return this.drops.add("not-up");
    this.#heard(now);
    const took = this.#outgoing.acknowledge(packet.expected, now);
    if (took === "bad") return this.drops.add("bad-acknowledgement");
    if (took === "room") this.#output.writable();
    if (packet.type === "data") this.#takeData(packet, now);
    else if (packet.type === "repeat") this.#outgoing.repeatOnRequest(now);
    else if (packet.type === "poll") this.#acknowledge("acknowledge");
  }

  /** A hello or welcome: the other end is there, for the first time or again. */
  #meet(hello: Extract<SerialPacket, { type: "hello" | "welcome" }>, now: number): void {
    if (hello.instance !== this.#peer?.instance) {
      if (this.#up) this.#goDown("peer-restarted", now);
      this.#peer = hello;
      // Before the welcome, so that the other end knows us when it comes up and begins to send.
      if (hello.type === "hello") this.#sayHello(now);
    }
    if (hello.type === "hello") this.#introduce("welcome");
    else if (!this.#up && hello.echo === this.#instance) this.#comeUp(hello, now);
    if (this.#up) this.#heard(now);
  }

  #comeUp(peer: SerialHello, now: number): void {
    this.#up = true;
    this.#helloAt = Infinity;
    this.#outgoing.start(peer);
    this.#heard(now);
    this.#output.up(peer);
  }

  #goDown(reason: SerialDown, now: number): void {
    const wasUp = this.#up;
    this.#up = false;
    this.#outgoing.clear();
    this.#expected = 0;
    this.#assembly.clear();
    this.#acknowledged();
    this.#complained = false;
    this.#pollAt = Infinity;
    this.#goneAt = Infinity;
    // The other end has to see that this one has forgotten everything, unless it has itself.
    if (reason !== "peer-restarted") {
      this.#instance = this.#options.drawInstance();
      this.#peer = undefined;
    }
    this.#helloAt = now;
    if (wasUp) this.#output.down(reason);
  }

  #takeData(packet: Extract<SerialPacket, { type: "data" }>, now: number): void {
    const ahead = (packet.sequence - this.#expected) & 255;
    if (ahead !== 0) {
      if (ahead < 128) {
        this.drops.add("ahead");
        this.#complain();
      } else {
        this.drops.add("repeated");
        this.#acknowledgeAt = now;
      }
      return;
    }
    this.#expected = (this.#expected + 1) & 255;
    this.#complained = false;
    this.#owed++;
    this.#acknowledgeAt = Math.min(this.#acknowledgeAt, now + this.#options.acknowledgeMs);
    const message = this.#assembly.add(packet.bytes, packet.more);
    if (message === "too-long") this.drops.add("message-too-long");
    else if (message) this.#output.receive(message);
  }

  /** Asks for what did not come. Should that be lost too, the other end's patience ends by itself. */
  #complain(): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#acknowledge("repeat");
  }

  #acknowledge(type: "acknowledge" | "repeat" | "poll"): void {
    if (this.#up) this.#write({ type, expected: this.#acknowledged() });
  }

  /** What every packet tells: the sequence number that is expected next. Nothing is owed then. */
  #acknowledged(): number {
    this.#owed = 0;
    this.#acknowledgeAt = Infinity;
    return this.#expected;
  }

  #heard(now: number): void {
    this.#pollAt = now + this.#options.pollMs;
    this.#goneAt = now + this.#options.silenceMs;
  }

  #sayHello(now: number): void {
    this.#helloAt = now + this.#options.helloMs;
    this.#introduce("hello");
  }

  #introduce(type: "hello" | "welcome"): void {
    const { window, maximumData, maximumMessage, about } = this.#options;
    const echo = this.#peer?.instance ?? 0;
    const instance = this.#instance;
    const hello = { version: serialVersion, instance, echo, window, maximumData, maximumMessage, about };
    this.#write({ type, ...hello }, true);
  }

  #write(packet: SerialPacket, afterSilence = false): void {
    this.#output.write(encodeSerialFrame(encodeSerialPacket(packet), afterSilence));
  }
}

const defaults = {
  window: 8,
  maximumData: 256,
  maximumMessage: 1_048_576,
  queueBytes: 262_144,
  helloMs: 1000,
  acknowledgeMs: 20,
  repeatMs: 400,
  pollMs: 3000,
  silenceMs: 10_000,
};
