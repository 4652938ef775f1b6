import { type Clock, type Random, show } from "../base/index.ts";
import {
  acknowledgementAirtimeMs,
  acknowledgementSlotMs,
  broadcastAddress,
  frameAirtimeMs,
  isMacAddress,
  type MacAddress,
  radioErrors,
} from "../device/index.ts";
import { rssiAt } from "./strength.ts";
import { virtualErrors } from "./errors.ts";
import { assertFaults, type Faults, FaultSet } from "./faults.ts";
import type { RadioAccount } from "./radio-account.ts";
import {
  type Fate,
  type Medium,
  type Transmission,
  VirtualRadio,
  type VirtualRadioOptions,
} from "./radio.ts";

/** How the air is made. */
export interface AirOptions {
  readonly clock: Clock;
  /** Decides every chance; the same seed gives the same world. */
  readonly random: Random;
  /** What goes wrong with all frames. Default: nothing. */
  readonly faults?: Faults;
}

/** A frame on the air. */
export interface AirFrame {
  /** Counts the frames of this air from 1. */
  readonly number: number;
  readonly source: MacAddress;
  readonly destination: MacAddress;
  readonly channel: number;
  readonly bytes: Uint8Array;
}

/**
 * Does on purpose to a frame what chance would not: call `next()` to let it pass, not to drop it, later to delay it,
 * with another frame to alter it, twice to double it. What has not passed at once is not acknowledged.
 */
export type Interceptor = (frame: AirFrame, next: (frame?: AirFrame) => void) => void;

/** What happens on the air, in order. `atMs` is the clock's monotonic time. */
export type AirEvent =
  | { readonly type: "sent"; readonly atMs: number; readonly frame: AirFrame }
  | {
      readonly type: "fate";
      readonly atMs: number;
      readonly frame: AirFrame;
      readonly receiver: MacAddress;
      readonly fate: Fate;
    }
  /** What `send` will say. */
  | {
      readonly type: "answered";
      readonly atMs: number;
      readonly frame: AirFrame;
      readonly delivered: boolean;
    };

/** How one frame arrived at the radio that it was meant for. */
interface Arrival {
  /** Its program gets the frame. */
  received: boolean;
  /** Whose hardware heard the frame, and so acknowledges it. */
  readonly heardBy: Set<VirtualRadio>;
}

/**
 * What lies between radios: distance, channels, airtime, one frame at a time on a channel, loss, and acknowledgements
 * that can lie. All of it follows from the clock, the random numbers and the calls, so that a run can be repeated.
 *
 * @example
 * const air = new Air({ clock, random: createSeededRandom(1) });
 * const gateway = air.join({ address: "02006d6f7465", hostLatencyMs: 2 });
 * const node = air.join({ address: "02000000aa01", x: 30 });
 */
export class Air implements Medium {
  readonly clock: Clock;
  readonly #random: Random;
  readonly #radios = new Map<MacAddress, readonly VirtualRadio[]>();
  readonly #pairFaults = new Map<string, Faults>();
  readonly #interceptors = new Set<Interceptor>();
  readonly #observers = new Set<(event: AirEvent) => void>();
  /** When each channel's medium is free again. */
  readonly #freeAt = new Map<number, number>();
  #faults: Faults = {};
  #frames = 0;

  /** @throws `virtual/bad-option` */
  constructor(options: AirOptions) {
    this.clock = options.clock;
    this.#random = options.random;
    this.setFaults(options.faults ?? {});
  }

  /** Puts a radio on the air. @throws `radio/bad-address`, `radio/bad-channel`, `virtual/address-taken`, `virtual/bad-option` */
  join(options: VirtualRadioOptions): VirtualRadio {
    const { address } = options;
    if (!isMacAddress(address) || address === broadcastAddress) {
      throw radioErrors.create(
        "radio/bad-address",
        `a radio's own address is 12 lower-case hexadecimal digits, not all f, got ${show(address)}`,
      );
    }
    const others = this.#radios.get(address) ?? [];
    const isShared = options.sharesAddress === true && others.every((other) => other.sharesAddress);
    if (others.length > 0 && !isShared) {
      throw virtualErrors.create(
        "virtual/address-taken",
        `a radio with the address ${address} has joined already`,
      );
    }
    const radio = new VirtualRadio(this, options);
    this.#radios.set(address, [...others, radio]);
    return radio;
  }

  /** Takes a radio off the air; its `close` does. */
  leave(radio: VirtualRadio): void {
    const others = (this.#radios.get(radio.address) ?? []).filter((other) => other !== radio);
    if (others.length > 0) this.#radios.set(radio.address, others);
    else this.#radios.delete(radio.address);
  }

  /** Replaces what goes wrong with all frames. @throws `virtual/bad-option` */
  setFaults(faults: Faults): void {
    assertFaults(faults);
    this.#faults = faults;
  }

  /** Replaces what goes wrong with frames from one radio to another. @throws `virtual/bad-option` */
  setPairFaults(source: MacAddress, destination: MacAddress, faults: Faults): void {
    assertFaults(faults);
    this.#pairFaults.set(source + destination, faults);
  }

  /** Lets every frame go through `interceptor`, the one added last first; returns what takes it off again. */
  intercept(interceptor: Interceptor): () => void {
    this.#interceptors.add(interceptor);
    return () => this.#interceptors.delete(interceptor);
  }

  /** Tells of all that happens; returns what ends that. */
  observe(observer: (event: AirEvent) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** What each radio on the air has done and spent, as plain JSON; of radios that share an address, the last to have joined. */
  report(): Record<MacAddress, RadioAccount> {
    const radios = [...this.#radios.values()].flat();
    return Object.fromEntries(radios.map((radio) => [radio.address, radio.account()]));
  }

  /** Takes a frame from a radio's hardware; radios call it. */
  transmit(sender: VirtualRadio, transmission: Transmission): void {
    if (transmission.abandoned) return;
    const { channel } = sender;
    const { destination, bytes } = transmission;
    const now = this.clock.monotonic();
    const startsAt = Math.max(now, this.#freeAt.get(channel) ?? 0);
    const endsAt = startsAt + frameAirtimeMs(bytes.length);
    const slotMs = destination === broadcastAddress ? 0 : acknowledgementSlotMs;
    this.#freeAt.set(channel, endsAt + slotMs);
    const frame = { number: ++this.#frames, source: sender.address, destination, channel, bytes };
    this.clock.setTimer(endsAt - now, () => {
      if (!transmission.abandoned) this.#arrive(sender, frame, transmission);
    });
  }

  /** A frame has been on the air as a whole. */
  #arrive(sender: VirtualRadio, frame: AirFrame, transmission: Transmission): void {
    sender.charge("framesSent");
    sender.charge("bytesSent", frame.bytes.length);
    sender.charge("sendingMs", frameAirtimeMs(frame.bytes.length));
    this.#tell({ type: "sent", atMs: this.clock.monotonic(), frame });
    const arrival: Arrival = { received: false, heardBy: new Set() };
    this.#pass(frame, [...this.#interceptors], (passed) => this.#spread(sender, passed, arrival));
    if (frame.destination === broadcastAddress) {
      this.#answer(frame, transmission, true);
      return;
    }
    const delivered = this.#acknowledge(sender, frame, arrival);
    sender.charge(delivered ? "acknowledged" : "unacknowledged");
    if (delivered !== arrival.received) sender.charge("lied");
    this.clock.setTimer(acknowledgementSlotMs, () => this.#answer(frame, transmission, delivered));
  }

  /** Sends a frame through the interceptors, the last of the list first. */
  #pass(frame: AirFrame, interceptors: readonly Interceptor[], arrive: (frame: AirFrame) => void): void {
    const interceptor = interceptors.at(-1);
    if (!interceptor) arrive(frame);
    else interceptor(frame, (passed = frame) => this.#pass(passed, interceptors.slice(0, -1), arrive));
  }

  /** Brings a frame to all that it is meant for. */
  #spread(sender: VirtualRadio, frame: AirFrame, arrival: Arrival): void {
    const toAll = frame.destination === broadcastAddress;
    const receivers = toAll ? [...this.#radios.values()].flat() : this.#radios.get(frame.destination);
    for (const receiver of receivers ?? []) {
      if (receiver !== sender) this.#bring(sender, frame, receiver, arrival);
    }
  }

  #bring(sender: VirtualRadio, frame: AirFrame, receiver: VirtualRadio, arrival: Arrival): void {
    const faults = this.#faultsBetween(sender, receiver);
    const airtimeMs = frameAirtimeMs(frame.bytes.length);
    const now = this.clock.monotonic();
    let fate = this.#missed(sender, frame, receiver, now - airtimeMs);
    if (!fate && faults.strikes("loss")) fate = "lost";
    if (!fate) {
      arrival.heardBy.add(receiver);
      receiver.charge("receivingMs", airtimeMs);
      const rssi = rssiAt(distanceBetween(sender, receiver));
      const received = { source: frame.source, bytes: frame.bytes, rssi };
      fate = receiver.take(received, faults.delayMs());
      if (fate === "received") arrival.received = true;
      if (faults.strikes("duplicate")) receiver.take(received, faults.delayMs() + airtimeMs);
    }
    this.#tell({ type: "fate", atMs: now, frame, receiver: receiver.address, fate });
  }

  /** Why a radio cannot hear a frame that began at `startedAt`; `undefined` if it can. */
  #missed(
    sender: VirtualRadio,
    frame: AirFrame,
    receiver: VirtualRadio,
    startedAt: number,
  ): Fate | undefined {
    if (receiver.channel !== frame.channel) return "other-channel";
    if (distanceBetween(sender, receiver) > sender.rangeMetres) return "out-of-range";
    // Sums of fractions of a millisecond differ in their last digits.
    return receiver.hasListenedSince(startedAt + 1e-6) ? undefined : "asleep";
  }

  /** What the sender's hardware makes of a frame's arrival: of several radios at one address, one that acknowledges suffices. */
  #acknowledge(sender: VirtualRadio, frame: AirFrame, arrival: Arrival): boolean {
    let acknowledged = false;
    for (const receiver of this.#radios.get(frame.destination) ?? []) {
      if (this.#isAcknowledged(sender, receiver, arrival.heardBy.has(receiver))) acknowledged = true;
    }
    return acknowledged;
  }

  #isAcknowledged(sender: VirtualRadio, receiver: VirtualRadio, heard: boolean): boolean {
    const faults = this.#faultsBetween(sender, receiver);
    let acknowledged = false;
    if (heard) {
      receiver.charge("sendingMs", acknowledgementAirtimeMs);
      const reached = distanceBetween(sender, receiver) <= receiver.rangeMetres;
      acknowledged = reached && !faults.strikes("acknowledgementLoss");
      if (acknowledged) sender.charge("receivingMs", acknowledgementAirtimeMs);
    }
    return faults.strikes("lie") ? !acknowledged : acknowledged;
  }

  #answer(frame: AirFrame, transmission: Transmission, delivered: boolean): void {
    this.#tell({ type: "answered", atMs: this.clock.monotonic(), frame, delivered });
    transmission.settle(delivered);
  }

  #faultsBetween(sender: VirtualRadio, receiver: VirtualRadio): FaultSet {
    const pair = this.#pairFaults.get(sender.address + receiver.address);
    return new FaultSet(this.#random, [this.#faults, sender.faults, receiver.faults, pair]);
  }

  #tell(event: AirEvent): void {
    for (const observer of this.#observers) observer(event);
  }
}

function distanceBetween(one: VirtualRadio, other: VirtualRadio): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
