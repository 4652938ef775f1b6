import { type BytePort, type Clock, type Counters, type Random, show } from "../../base/index.ts";
import type { MacAddress, ReceivedFrame } from "../../device/index.ts";
import {
  decodeDongleReport,
  type DongleReport,
  type DongleRequest,
  type DongleSetup,
  type DongleStatistics,
  encodeDongleRequest,
  SerialConnection,
  type SerialHello,
} from "../../wire/index.ts";
import { cutOff, dongleErrors } from "./errors.ts";
import { GreetedPort } from "./greeted-port.ts";

/** What a dongle says of itself. */
export interface DongleDescription {
  /** The version of moteq's file on it. */
  readonly version: number;
  /** The version of MicroPython, as `1.27.0`. */
  readonly micropython: string;
  /** The board and its chip, in the firmware's words. */
  readonly machine: string;
}

/** How a dongle's radio is set up, as the dongle says. */
export type DongleState = Extract<DongleReport, { type: "ready" }>;

/** What is counted on the host's side of a dongle. */
export type DongleCount = "sent" | "received" | "unacknowledged" | "refused" | "lost" | "malformed";

/** What a session needs, and whom it tells. */
export interface DongleSessionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters<DongleCount>;
  readonly onFrame: (frame: ReceivedFrame) => void;
  /** The chip would not do something, in its words. */
  readonly onTrouble: (text: string) => void;
  /** The dongle is gone; frames under way count as not delivered. Called once, last, unless `close` was called. */
  readonly onEnd: (why: string) => void;
}

type Answer = DongleReport | "up" | undefined;

/** How long a dongle that has spoken may take for one of its answers, in milliseconds. */
const answerMs = 1500;

/** A conversation with a dongle, from its greeting until it goes. */
export class DongleSession {
  readonly description: DongleDescription;
  readonly #options: DongleSessionOptions;
  readonly #port: GreetedPort;
  readonly #connection: SerialConnection;
  readonly #sending = new Map<number, (outcome: boolean) => void>();
  #tag = 0;
  #answer: (answer: Answer) => void = () => {};
  /** The question before: an answer does not say which one it belongs to. */
  #asked: Promise<unknown> = Promise.resolve();
  #ended = false;

  private constructor(port: GreetedPort, description: DongleDescription, options: DongleSessionOptions) {
    this.description = description;
    this.#port = port;
    this.#options = options;
    const { clock, random } = options;
    this.#connection = new SerialConnection({
      port,
      clock,
      random,
      about: "host/1",
      window: 8,
      maximumData: 2048,
      maximumMessage: 2048,
      helloMs: 250,
      repeatMs: 100,
      pollMs: 250,
      silenceMs: 900,
      onUp: () => this.#answer("up"),
      onMessage: (message) => this.#receive(message),
      onDown: (reason) =>
        this.#end(reason === "peer-restarted" ? "it has restarted" : "it says nothing any more"),
      onClose: (error) => this.#end(error?.message ?? "the port was closed"),
    });
  }

  /**
   * Greets what is at a port, and is greeted.
   *
   * @param patienceMs how long it may take until it says something
   * @returns `undefined` if nothing there says hello; then the port is closed
   * @throws `dongle/not-installed`; the reason if the port closes
   */
  static async start(
    port: BytePort,
    patienceMs: number,
    options: DongleSessionOptions,
  ): Promise<DongleSession | undefined> {
    const greeted = new GreetedPort(port, options.clock);
    try {
      const hello = await greeted.greeting(patienceMs);
      if (greeted.closed) throw cutOff(greeted.closed.error);
      const session = hello && new DongleSession(greeted, describe(hello), options);
      if (session) {
        if ((await session.#waitFor()) === "up") return session;
        await session.close();
      }
    } catch (error) {
      await greeted.release("abort");
      throw error;
    }
    await greeted.release("abort");
    return undefined;
  }

  /** Sets the radio up. @returns `undefined` if the dongle does not answer */
  async setUp(setup: DongleSetup): Promise<DongleState | undefined> {
    const report = await this.#ask({ type: "set-up", setup });
    return report?.type === "ready" ? report : undefined;
  }

  /** What the dongle has counted; `undefined` if it does not answer. */
  async count(): Promise<DongleStatistics | undefined> {
    const report = await this.#ask({ type: "count" });
    return report?.type === "statistics" ? report.statistics : undefined;
  }

  /** Restarts the chip. The session ends with that. */
  restart(toPrompt: boolean): void {
    this.#connection.send(encodeDongleRequest({ type: "restart", toPrompt }));
  }

  /** Puts a frame on the air; whether it was acknowledged there. */
  async send(destination: MacAddress, bytes: Uint8Array): Promise<boolean> {
    if (this.#ended || this.#sending.size >= 0xffff) return this.#refuse();
    do this.#tag = (this.#tag + 1) & 0xffff;
    while (this.#sending.has(this.#tag));
    const tag = this.#tag;
    const request = encodeDongleRequest({ type: "send", tag, destination, bytes });
    if (this.#connection.send(request) !== "taken") return this.#refuse();
    this.#options.counters.add("sent");
    return new Promise((resolve) => this.#sending.set(tag, resolve));
  }

  /**
   * Ends it, without a word to `onEnd`, and waits until the port is closed. Frames under way count as not delivered.
   * Closing twice does nothing.
   */
  async close(): Promise<void> {
    this.#finish();
    this.#connection.close();
    await this.#port.release();
  }

  #refuse(): false {
    this.#options.counters.add("refused");
    return false;
  }

  #ask(request: DongleRequest): Promise<DongleReport | undefined> {
    const asking = this.#asked.then(async () => {
      this.#connection.send(encodeDongleRequest(request));
      const answer = await this.#waitFor();
      return answer === "up" ? undefined : answer;
    });
    this.#asked = asking;
    return asking;
  }

  /** Waits for the next thing that is no frame and no result; `undefined` if it does not come. */
  #waitFor(): Promise<Answer> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(answerMs, () => resolve(undefined));
      this.#answer = (answer) => {
        timer.cancel();
        resolve(answer);
      };
      if (this.#ended) this.#answer(undefined);
    });
  }

  #receive(message: Uint8Array): void {
    const report = decodeDongleReport(message);
    const { counters } = this.#options;
    switch (report?.type) {
      case undefined:
        counters.add("malformed");
        break;
      case "received":
        counters.add("received");
        this.#options.onFrame({ source: report.source, bytes: report.bytes, rssi: report.rssi });
        break;
      case "result":
        if (report.outcome !== "acknowledged") counters.add(report.outcome);
        this.#sending.get(report.tag)?.(report.outcome === "acknowledged");
        this.#sending.delete(report.tag);
        break;
      case "trouble":
        this.#options.onTrouble(report.text);
        break;
      default:
        this.#answer(report);
    }
  }

  #end(why: string): void {
    if (this.#ended) return;
    this.#finish();
    this.#connection.close();
    void this.#port.release();
    this.#options.onEnd(why);
  }

  #finish(): void {
    this.#ended = true;
    this.#options.counters.add("lost", this.#sending.size);
    for (const settle of this.#sending.values()) settle(false);
    this.#sending.clear();
    this.#answer(undefined);
  }
}

/** Reads what a dongle says of itself. @throws `dongle/not-installed` */
function describe({ about }: SerialHello): DongleDescription {
  const [, version = "", micropython = "", machine = ""] =
    /^dongle\/(\d+) micropython\/(\S+) ?(.*)$/.exec(about) ?? [];
  if (version === "") {
    const why = `what is there is no dongle: it says that it is ${show(about)}`;
    throw dongleErrors.create("dongle/not-installed", why, { detail: { about } });
  }
  return { version: Number(version), micropython, machine };
}
