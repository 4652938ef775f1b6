import {
  type Clock,
  createAborter,
  createBackoff,
  encodeUtf8,
  messageOf,
  type Random,
  show,
  sleep,
} from "../base/index.ts";
import { assertTopicFilter, assertTopicName, FilterTrie } from "../topics/index.ts";
import { initFromTuple, type LinkInit } from "../wire/index.ts";
import { linkErrors } from "./errors.ts";
import { HostLife, type LinkMessage } from "./host-life.ts";
import { Outbox } from "./outbox.ts";
import { type LinkStatus, linkStatus } from "./status.ts";
import type { LinkWire } from "./wire.ts";

/** One life of the modem, from a reset to the next. */
export interface LinkLife {
  /** Counts them, from 1. */
  readonly number: number;
  /** Aborted when it ends. */
  readonly signal: ReturnType<typeof createAborter>["signal"];
  /** Runs a task of this life: the next one begins only when it has ended. It has to heed the signal. */
  run(task: (signal: LinkLife["signal"]) => Promise<void>): void;
}

/** How a message is published. */
export interface LinkPublishOptions {
  /** Whether the broker keeps it for later subscribers. Default `false`. */
  readonly retain?: boolean;
  /** Default 0. At 1 and 2 it survives resets of the modem. */
  readonly qos?: 0 | 1 | 2;
  /** Told once: `true` when the broker, or at QoS 0 the wire, has it; `false` if it is refused or the link was closed. */
  readonly onDone?: (ok: boolean) => void;
}

/** What a host's link is made of. */
export interface MqttLinkOptions {
  readonly wire: LinkWire;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * What the modem is to do: named options, or the tuple `INIT` of the classic host programs with 13 to 18 fields.
   * Default nothing: the modem knows.
   */
  readonly init?: LinkInit | readonly (string | number)[];
  /** What the broker publishes when the modem is lost. */
  readonly will?: Omit<LinkPublishOptions, "onDone"> & {
    readonly topic: string;
    readonly message: string | Uint8Array;
  };
  /** Runs after every start of the modem, when it is running. */
  readonly userStart?: (life: LinkLife) => void;
  /**
   * Is told every status. What it gives back counts for `SPECNET` alone: whether the network of `init` is to be used. It
   * is waited for: to delay a reset, take time. Default: `SPECNET` is answered with yes in the first life, later
   * with no, after 30 s: that spares the flash memory of modems that remember the network.
   */
  readonly onStatus?: (
    status: LinkStatus,
    text: string,
    life: LinkLife,
  ) => boolean | void | Promise<boolean | void>;
  /** Sets the host's clock: milliseconds since 1970, with the local offset. */
  readonly onTime?: (time: number) => void;
  /** How often the clock is set: never, once, or every so many seconds. Default `once` where there is `onTime`. */
  readonly clockSync?: "off" | "once" | number;
  /** Added to the time. Default 0. */
  readonly localTimeOffsetHours?: number;
  /** The modem's answer to the command `mem`, in bytes. */
  readonly onMemory?: (memory: { readonly free: number; readonly allocated: number }) => void;
  /** Told what goes wrong, for people. */
  readonly onTrouble?: (text: string) => void;
  /** How many publications may wait. Default 100. */
  readonly queueLimit?: number;
  /** How long the modem may take for its start without a word. Default 60,000 ms. */
  readonly startTimeoutMs?: number;
  /** How long a publication may take while the modem says that the broker is there. Default 60,000 ms. */
  readonly publishTimeoutMs?: number;
}

/** How many messages may be with handlers. */
const mostHandled = 1000;

type Handler = (topic: string, payload: Uint8Array, retained: boolean) => void | Promise<void>;

/**
 * MQTT for a program that has no network: a modem at the other end of a wire does it. Everything may be asked for at
 * any time, also while the modem starts again.
 */
export class MqttLink {
  readonly #options: MqttLinkOptions;
  readonly #init: LinkInit;
  readonly #clockSync: "off" | "once" | number;
  readonly #outbox: Outbox;
  readonly #handlers = new FilterTrie<Handler>();
  readonly #filters = new Map<string, 0 | 1 | 2>();
  readonly #aborter = createAborter();
  #life: HostLife | undefined;
  #lives = 0;
  #isUp = false;
  #timeSynchronised = false;
  #handling = 0;
  #overrun = 0;
  #ended: Promise<void> | undefined;
  #idle: (() => void)[] = [];

  /** @throws `link/bad-option`, `topics/bad-name` (of the will) */
  constructor(options: MqttLinkOptions) {
    this.#options = options;
    const { init, clockSync } = resolveInit(options);
    this.#init = init;
    this.#clockSync = clockSync;
    if (options.will) assertTopicName(options.will.topic);
    this.#outbox = new Outbox(options.queueLimit ?? 100);
  }

  /** Whether the broker is there and all is well. */
  get running(): boolean {
    return this.#life?.online ?? false;
  }

  /** How many publications wait, or wait for the broker's word. */
  get pending(): number {
    return this.#outbox.size;
  }

  /** Publications that were refused because too many waited. */
  get dropped(): number {
    return this.#outbox.dropped;
  }

  /** Messages at QoS 0 that were let go because a thousand were with handlers that take their time. */
  get overrun(): number {
    return this.#overrun;
  }

  /** Whether the clock was set from the modem's time. */
  get timeSynchronised(): boolean {
    return this.#timeSynchronised;
  }

  /** How often the modem was started. */
  get lives(): number {
    return this.#lives;
  }

  /** Begins. Without effect the second time. */
  start(): void {
    if (this.#ended || this.#aborter.signal.aborted) return;
    this.#options.wire.start({
      onUp: () => {
        this.#isUp = true;
        this.#life?.onUp();
      },
      onDown: (why) => {
        this.#isUp = false;
        this.#life?.onDown(why);
      },
      onMessage: (message) => this.#life?.onMessage(message),
      onWritable: () => this.#life?.flush(),
    });
    this.#ended = this.#run();
  }

  /**
   * Publishes a message: puts it into the queue and returns. `false` if the queue is full. At QoS 1 and 2 it is sent until
   * the broker has it; a message that the broker refuses for good is told to `onTrouble`.
   *
   * @throws `topics/bad-name`, `link/closed`
   */
  publish(topic: string, message: string | Uint8Array, options: LinkPublishOptions = {}): boolean {
    assertTopicName(topic);
    this.#assertOpen();
    const { retain = false, qos = 0, onDone } = options;
    const payload = typeof message === "string" ? encodeUtf8(message) : message;
    const taken = this.#outbox.push({ topic, payload, retain, qos }, (ok) => {
      if (!ok && !this.#aborter.signal.aborted) {
        this.#options.onTrouble?.(
          `the message to ${show(topic)} is refused, or too long for the modem: it is given up`,
        );
      }
      onDone?.(ok);
      this.#settleIdle();
    });
    if (taken) this.#life?.flush();
    return taken;
  }

  /** Resolves when nothing waits. */
  drained(): Promise<void> {
    if (this.#outbox.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /**
   * Subscribes, now and in every later life of the modem. A handler that returns a promise takes its time: a message at QoS
   * 1 or 2 counts as delivered when that resolves.
   *
   * @throws `topics/bad-filter`, `link/closed`
   */
  subscribe(filter: string, handler: Handler, options: { readonly qos?: 0 | 1 | 2 } = {}): void {
    assertTopicFilter(filter);
    this.#assertOpen();
    const qos = options.qos ?? 0;
    this.#handlers.add(filter, handler);
    this.#filters.set(filter, Math.max(qos, this.#filters.get(filter) ?? 0) as 0 | 1 | 2);
    this.#life?.subscribe(filter, this.#filters.get(filter) ?? qos);
  }

  /** Ends all subscriptions to exactly this filter. */
  unsubscribe(filter: string): void {
    for (const handler of this.#handlers.valuesOf(filter)) this.#handlers.delete(filter, handler);
    if (this.#filters.delete(filter)) this.#life?.send({ type: "unsubscribe", filter });
  }

  /** Says something to the modem, as `mem`; the answer comes to `onMemory`. `false` if that cannot be said now. */
  command(...words: string[]): boolean {
    this.#assertOpen();
    return this.#life?.send({ type: "command", words }) ?? false;
  }

  /** Ends the link, and the modem's connection with it. What waits is lost. Resolves when its tasks have ended. */
  async close(): Promise<void> {
    this.#aborter.abort(linkErrors.create("link/closed", "the link was closed"));
    this.#life?.send({ type: "goodbye" });
    this.#life?.end();
    this.#outbox.end();
    this.#settleIdle();
    this.#options.wire.close();
    await this.#ended;
  }

  /** One life of the modem after the other. */
  async #run(): Promise<void> {
    const { clock, wire, random, onStatus } = this.#options;
    const { signal } = this.#aborter;
    const backoff = createBackoff(random, { minimumMs: 1000 });
    while (!signal.aborted) {
      const number = ++this.#lives;
      const tasks = new Set<Promise<void>>();
      const aborter = createAborter();
      const life: LinkLife = {
        number,
        signal: aborter.signal,
        run: (task) => {
          const ended = this.#guard(() => task(aborter.signal)).finally(() => tasks.delete(ended));
          tasks.add(ended);
        },
      };
      const host = new HostLife({
        clock,
        wire,
        outbox: this.#outbox,
        init: this.#init,
        will: willOf(this.#options.will),
        filters: this.#filters,
        startTimeoutMs: this.#options.startTimeoutMs ?? 60_000,
        publishTimeoutMs: this.#options.publishTimeoutMs ?? 60_000,
        clockSync: this.#timeSynchronised && this.#clockSync === "once" ? "off" : this.#clockSync,
        onStatus: async (status, text) =>
          onStatus
            ? (await this.#guard(async () => await onStatus(status, text, life))) === true
            : this.#answer(status, number),
        onRunning: () => {
          backoff.reset();
          void this.#guard(async () => this.#options.userStart?.(life));
        },
        onMessage: (message) => this.#deliver(message),
        onTime: (time) => this.#setClock(time),
        onMemory: (memory) => this.#options.onMemory?.(memory),
      });
      this.#life = host;
      if (this.#isUp) host.onUp();
      await host.run();
      this.#life = undefined;
      aborter.abort(new Error("the modem starts anew"));
      await Promise.all(tasks);
      if (signal.aborted) return;
      // A modem that cannot reach its broker is not reset without pause.
      await sleep(clock, backoff.next(), signal).catch(() => {});
      // A wire that is down comes up again by itself, and with it a modem that knows nothing.
      if (!signal.aborted && this.#isUp) wire.reset();
    }
  }

  /** What the default handler says. */
  async #answer(status: LinkStatus, life: number): Promise<boolean> {
    if (status !== linkStatus.SPECNET || life === 1) return true;
    await sleep(this.#options.clock, 30_000, this.#aborter.signal).catch(() => {});
    return false;
  }

  async #deliver({ topic, payload, retained, qos }: LinkMessage): Promise<void> {
    // At QoS 1 and 2 the modem holds back by itself.
    if (qos === 0 && this.#handling >= mostHandled) {
      this.#overrun++;
      return;
    }
    const handlers = [...this.#handlers.match(topic)];
    this.#handling++;
    await Promise.all(
      handlers.map((handler) => this.#guard(async () => await handler(topic, payload, retained))),
    );
    this.#handling--;
  }

  #setClock(time: number): void {
    const offset = (this.#options.localTimeOffsetHours ?? 0) * 3_600_000;
    this.#timeSynchronised = true;
    void this.#guard(async () => this.#options.onTime?.(time + offset));
  }

  /** Runs what the user gave; its defects are told, and end nothing. */
  async #guard<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      if (!this.#aborter.signal.aborted) this.#options.onTrouble?.(`the program fails: ${messageOf(error)}`);
      return undefined;
    }
  }

  #settleIdle(): void {
    if (this.#outbox.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #assertOpen(): void {
    if (this.#aborter.signal.aborted) throw this.#aborter.signal.reason;
  }
}

function willOf(will: MqttLinkOptions["will"]) {
  if (!will) return undefined;
  const { topic, message, retain = false, qos = 0 } = will;
  const payload = typeof message === "string" ? encodeUtf8(message) : message;
  return { topic, payload, retain, qos };
}

function resolveInit({ init = {}, clockSync, onTime }: MqttLinkOptions) {
  const usual = clockSync ?? (onTime ? "once" : "off");
  if (!Array.isArray(init)) return { init: init as LinkInit, clockSync: usual };
  const tuple = initFromTuple(init as (string | number)[]);
  if (!tuple) {
    throw linkErrors.create(
      "link/bad-option",
      `INIT is ("init", SSID, …) with 13 to 18 fields and whole numbers, got ${show(init)}`,
    );
  }
  const { clockSeconds } = tuple;
  if (clockSync !== undefined || clockSeconds === undefined) return { init: tuple.init, clockSync: usual };
  return {
    init: tuple.init,
    clockSync: clockSeconds === 0 ? ("off" as const) : clockSeconds < 0 ? ("once" as const) : clockSeconds,
  };
}
