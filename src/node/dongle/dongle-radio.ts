import {
  type AbortSignalLike,
  type BytePort,
  type Clock,
  Counters,
  createAborter,
  MoteqError,
  onAbort,
  type OpenBytePort,
  type Random,
  show,
  sleep,
  throwIfAborted,
} from "../../base/index.ts";
import {
  assertChannel,
  assertSendable,
  type MacAddress,
  radioErrors,
  type ReceivedFrame,
  type TunableRadio,
} from "../../device/index.ts";
import type { DongleSetup, DongleStatistics } from "../../wire/index.ts";
import { dongleErrors } from "./errors.ts";
import { type DongleCount, type DongleDescription, DongleSession, type DongleState } from "./session.ts";

/** How a dongle is reached and set up. */
export interface DongleRadioOptions {
  /** Opens the port to it; called again whenever the dongle was lost. */
  readonly open: OpenBytePort;
  readonly clock: Clock;
  readonly random: Random;
  /** 1 … 14. Default 1. */
  readonly channel?: number;
  /** Whether nodes speak with the chip's access point, as ESP8266 nodes must, or with its station. Default `false`. */
  readonly accessPoint?: boolean;
  /** Whether it speaks Espressif's long-range rate, for nodes that are set to it too. Default `false`. */
  readonly longRange?: boolean;
  /** Transmit power in dBm, 2 … 20. Default: as the chip has it. */
  readonly power?: number;
  /** The address it is to have. Default: the chip's own. */
  readonly address?: MacAddress;
  /** The longest frame that is sent, in bytes: nodes with ESP-NOW 1.0 take no more than 250, the default. */
  readonly maximumFrameBytes?: number;
  /** Ends opening; without effect afterwards. */
  readonly signal?: AbortSignalLike;
  /** Is told once that the dongle is gone, once that it is back, and what its chip would not do. */
  readonly say?: (level: "info" | "warn", text: string) => void;
  /** Looks closer at what is there when nothing says hello, starts what was stopped, and says by an error what it is. */
  readonly diagnose?: () => Promise<Error>;
}

/** How long a dongle may take to say hello at first, in milliseconds: a chip that was just plugged in has to start. */
const firstPatienceMs = 3000;
/** How long a port is listened to for one that has gone, before it is looked closer: that may stop a board that starts. */
const [patienceMs, longPatienceMs] = [5000, 30_000];
/** Between two attempts to open a port that is gone. */
const reopenMs = 200;

/**
 * A dongle as a radio. When it is pulled, restarts, hangs or talks garbage, frames under way count as not delivered and
 * sending says `false`, until it is there again: it is taken back by itself, set up as before and under the same address,
 * even if it is another chip.
 */
export class DongleRadio implements TunableRadio {
  readonly counters = new Counters<DongleCount>();
  readonly #options: DongleRadioOptions;
  readonly #aborter = createAborter();
  /** How it was set up when it was opened. */
  #state: DongleState | undefined;
  /** The port that is open or being tried. */
  #port: BytePort | undefined;
  #session: DongleSession | undefined;
  #listener: ((frame: ReceivedFrame) => void) | undefined;
  #closed = false;
  #goneAt = 0;
  /** Why it is gone; what counts is only whether there is a session. */
  #goneBecause = "";
  /** Where it is, or will be when it is back. */
  #channel: number;
  /** What kept it from coming back, as it was said. */
  #obstacle = "";
  #returning: Promise<void> | undefined;

  private constructor(options: DongleRadioOptions) {
    this.#options = options;
    this.#channel = options.channel ?? 1;
  }

  /**
   * Opens the port, greets the dongle and sets it up.
   *
   * @throws what opening the port throws; `dongle/no-answer`, or what `diagnose` finds; `dongle/wrong-version`,
   *   `dongle/not-installed`, `dongle/refused`
   */
  static async open(options: DongleRadioOptions): Promise<DongleRadio> {
    const { signal, diagnose } = options;
    const radio = new DongleRadio(options);
    const release = onAbort(signal, () => void radio.close());
    try {
      if (await radio.#begin(firstPatienceMs)) return radio;
      throwIfAborted(signal);
      throw (
        (await diagnose?.()) ??
        dongleErrors.create("dongle/no-answer", "what is there does not say that it is a dongle")
      );
    } catch (error) {
      throwIfAborted(signal);
      throw error;
    } finally {
      release();
    }
  }

  get address(): MacAddress {
    return this.#state?.address ?? "";
  }

  get channel(): number {
    return this.#channel;
  }

  /** That it is gone, and what keeps it from coming back. */
  get problem(): string | undefined {
    if (this.#session || this.#closed) return undefined;
    return `the dongle is gone: ${this.#obstacle === "" ? this.#goneBecause : this.#obstacle}`;
  }

  get maximumFrameBytes(): number {
    return Math.min(this.#options.maximumFrameBytes ?? 250, this.#state?.maximumFrameBytes ?? 250);
  }

  /** What the dongle says of itself; `undefined` while it is gone. */
  get description(): DongleDescription | undefined {
    return this.#session?.description;
  }

  listen(listener: (frame: ReceivedFrame) => void): void {
    this.#listener = listener;
  }

  async send(destination: MacAddress, bytes: Uint8Array): Promise<boolean> {
    this.#assertOpen();
    assertSendable(destination, bytes, this.maximumFrameBytes);
    return this.#session?.send(destination, bytes) ?? false;
  }

  /**
   * Goes to another channel: the chip is set up anew there, and hears nothing meanwhile. One that is gone comes back there.
   *
   * @throws `radio/bad-channel`, `radio/closed`; `dongle/no-answer`, `dongle/refused`
   */
  async setChannel(channel: number): Promise<void> {
    this.#assertOpen();
    assertChannel(channel);
    const session = this.#session;
    if (!session) {
      this.#channel = channel;
      return;
    }
    const setup = { ...this.#setup(), channel };
    const state = await session.setUp(setup);
    this.#assertOpen();
    if (!state) throw dongleErrors.create("dongle/no-answer", "the dongle did not say that it is there");
    this.#channel = state.channel;
    checkState(state, setup);
  }

  /** What the dongle has counted; `undefined` while it is gone. */
  async statistics(): Promise<DongleStatistics | undefined> {
    return this.#session?.count();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#aborter.abort(new Error("the radio is closed"));
    if (this.#session) await this.#session.close();
    else this.#port?.close("abort");
    await this.#returning;
  }

  /** Opens the port and brings the dongle to where it can be used; `false` if nothing there says hello. */
  async #begin(patience: number): Promise<boolean> {
    const port = await this.#options.open({ signal: this.#aborter.signal });
    this.#port = port;
    try {
      return await this.#greet(port, patience);
    } catch (error) {
      port.close("abort");
      throw error;
    }
  }

  async #greet(port: BytePort, patience: number): Promise<boolean> {
    const { clock, random } = this.#options;
    const session = await DongleSession.start(port, patience, {
      clock,
      random,
      counters: this.counters,
      onFrame: (frame) => this.#listener?.(frame),
      onTrouble: (text) => this.#say("warn", `the dongle's chip would not set ${text}`),
      onEnd: (why) => {
        if (this.#session === session) this.#lose(why);
      },
    });
    if (session) checkVersion(session.description);
    let setup = this.#setup();
    let state = await session?.setUp(setup);
    // Somebody may have chosen another channel meanwhile.
    while (state && setup.channel !== this.#channel) {
      setup = this.#setup();
      state = await session?.setUp(setup);
    }
    if (session && state && !this.#closed) {
      checkState(state, setup);
      this.#state ??= state;
      this.#session = session;
      return true;
    }
    await session?.close();
    return false;
  }

  #setup(): DongleSetup {
    const { accessPoint = false, longRange = false, power, address } = this.#options;
    return {
      channel: this.#channel,
      accessPoint,
      longRange,
      power,
      address: this.#state?.address ?? address,
    };
  }

  /** @throws `radio/closed` */
  #assertOpen(): void {
    if (this.#closed) throw radioErrors.create("radio/closed", "the dongle's radio is closed");
  }

  #lose(why: string): void {
    this.#session = undefined;
    this.#goneAt = this.#options.clock.monotonic();
    this.#goneBecause = why;
    this.#say("warn", `the dongle is gone: ${why}`);
    this.#returning = this.#return();
  }

  /** Tries until the dongle is back, or the radio is closed. */
  async #return(): Promise<void> {
    const { clock } = this.#options;
    let patience = patienceMs;
    while (!this.#closed) {
      const isBack = await this.#begin(patience).catch((error: unknown) => {
        this.#sayObstacle(error);
        return undefined;
      });
      if (isBack) {
        this.#obstacle = "";
        const seconds = ((clock.monotonic() - this.#goneAt) / 1000).toFixed(1);
        this.#say("info", `the dongle is back after ${seconds} s`);
        return;
      }
      if (isBack === false && !this.#closed) {
        this.#sayObstacle(await this.#options.diagnose?.());
        patience = longPatienceMs;
      }
      await sleep(clock, reopenMs, this.#aborter.signal).catch(() => {});
    }
  }

  /** Says once what somebody has to mend. */
  #sayObstacle(error: unknown): void {
    if (!(error instanceof MoteqError) || absent.has(error.code) || error.message === this.#obstacle) return;
    this.#obstacle = error.message;
    this.#say("warn", `the dongle cannot be taken back: ${error.message}`);
  }

  #say(level: "info" | "warn", text: string): void {
    if (!this.#closed) this.#options.say?.(level, text);
  }
}

/** The version of `firmware/dongle.py` that this moteq works with. */
const dongleVersion = 1;

/** @throws `dongle/wrong-version` */
function checkVersion({ version }: DongleDescription): void {
  if (version === dongleVersion) return;
  const remedy = "`moteq dongle install PORT` puts it there";
  const why = `moteq's file on the dongle is of version ${version}, and this moteq needs ${dongleVersion}: ${remedy}`;
  throw dongleErrors.create("dongle/wrong-version", why, { detail: { version } });
}

/** Whether the chip did what it was asked for. @throws `dongle/refused` */
function checkState(state: DongleState, { channel, address = state.address }: DongleSetup): void {
  if (state.channel === channel && state.address === address) return;
  const why = `asked for channel ${channel} and the address ${address}, the dongle's chip is on channel ${state.channel} and has ${show(state.address)}`;
  throw dongleErrors.create("dongle/refused", why);
}

/** What was said already with the dongle's being gone. */
const absent = new Set([
  "serial/no-port",
  "dongle/none-found",
  "dongle/no-answer",
  "dongle/not-micropython",
  "dongle/cut-off",
]);
