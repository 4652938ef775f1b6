import { AsyncQueue, type Clock, type Timer } from "../base/index.ts";
import {
  decodeLinkAnswer,
  encodeLinkRequest,
  type LinkAnswer,
  type LinkInit,
  type LinkPublication,
  type LinkRequest,
} from "../wire/index.ts";
import type { Outbox } from "./outbox.ts";
import { type LinkStatus, linkStatus } from "./status.ts";
import type { LinkWire } from "./wire.ts";

/** A message from the broker. */
export type LinkMessage = Extract<LinkAnswer, { type: "message" }>;

interface HostLifeOptions {
  readonly clock: Clock;
  readonly wire: LinkWire;
  readonly outbox: Outbox;
  readonly init: LinkInit;
  readonly will: LinkPublication | undefined;
  readonly filters: ReadonlyMap<string, 0 | 1 | 2>;
  readonly startTimeoutMs: number;
  readonly publishTimeoutMs: number;
  readonly clockSync: "off" | "once" | number;
  readonly onStatus: (status: LinkStatus, text: string) => Promise<boolean>;
  readonly onRunning: () => void;
  readonly onMessage: (message: LinkMessage) => Promise<void>;
  readonly onTime: (time: number) => void;
  readonly onMemory: (memory: { readonly free: number; readonly allocated: number }) => void;
}

type StatusEvent = Extract<LinkAnswer, { type: "status" }>;

/** How long the answer to a question for the time may take, and how long the next one waits then. */
const timePatienceMs = 60_000;

/** How many requests that are no publications may wait for the wire. */
const mostUnsent = 1000;

/** The host's side of one life of the modem: brings it up, and talks with it until something ends it. */
export class HostLife {
  readonly #options: HostLifeOptions;
  readonly #statuses = new AsyncQueue<StatusEvent>(100);
  #phase: "waiting" | "starting" | "running" | "ended" = "waiting";
  #brokerUp = false;
  readonly #unsent: LinkRequest[] = [];
  #startTimer: Timer | undefined;
  #publishTimer: Timer | undefined;
  #timeTimer: Timer | undefined;
  #asked = false;
  /** Raised whenever a publication gets through, or the broker comes or goes. */
  #progress = 0;

  constructor(options: HostLifeOptions) {
    this.#options = options;
  }

  /** Whether the modem is running and has the broker. */
  get online(): boolean {
    return this.#phase === "running" && this.#brokerUp;
  }

  /** Resolves when this life is over. */
  async run(): Promise<void> {
    const { onStatus, outbox } = this.#options;
    for await (const { status, text } of this.#statuses) {
      const starting = this.#phase === "starting";
      this.#note(status);
      const answer = await onStatus(status, text);
      if (this.#phase === "ended") continue;
      if (isFatal(status, starting) || (status === linkStatus.SPECNET && !answer)) this.end();
      else if (status === linkStatus.SPECNET) {
        this.send({ type: "go-ahead" });
        this.#expectStatus();
      } else if (status === linkStatus.WILLOK && starting) {
        this.send({ type: "init", init: this.#options.init });
      }
    }
    outbox.rewind();
  }

  /** The modem is there: from the beginning. */
  onUp(): void {
    if (this.#phase !== "waiting") return;
    this.#phase = "starting";
    const { will, init } = this.#options;
    this.send(will ? { type: "will", ...will } : { type: "init", init });
    this.#expectStatus();
  }

  /** The modem has gone. */
  onDown(why: string): void {
    if (this.#phase === "waiting") return;
    this.#lose(why);
  }

  /** Takes a message from the wire. */
  onMessage(bytes: Uint8Array): void {
    const { onTime, onMemory, outbox } = this.#options;
    const answer = decodeLinkAnswer(bytes);
    switch (answer.type) {
      case "malformed":
        // Also what a modem says that has started anew and nobody saw it: it looks for the beginning of a conversation.
        this.#lose(`the modem says what cannot be understood: ${answer.received}`);
        return;
      case "status":
        // After SPECNET it is the host's turn.
        if (answer.status === linkStatus.SPECNET) this.#startTimer?.cancel();
        else if (this.#phase === "starting") this.#expectStatus();
        this.#statuses.push(answer);
        return;
      case "published":
        outbox.settle(answer.id, answer.ok);
        this.#progress++;
        this.flush();
        return;
      case "message":
        void this.#take(answer);
        return;
      case "time":
        this.#takeTime(answer.time, onTime);
        return;
      case "memory":
        onMemory(answer);
        return;
    }
  }

  /** Says something to the modem, now or as soon as there is room; `false` when there is no modem to say it to. */
  send(request: LinkRequest): boolean {
    if (this.#phase === "waiting" || this.#phase === "ended") return false;
    if (this.#unsent.length >= mostUnsent) return false;
    this.#unsent.push(request);
    this.flush();
    return true;
  }

  /** Subscribes, if the modem is running; else it is done when it is. */
  subscribe(filter: string, qos: 0 | 1 | 2): void {
    if (this.#phase === "running") this.send({ type: "subscribe", filter, qos });
  }

  /** Sends what waits, as far as the wire takes it. */
  flush(): void {
    const { wire, outbox } = this.#options;
    // What is too long would hold up for ever what is behind it.
    const send = (request: LinkRequest) => {
      const bytes = encodeLinkRequest(request);
      return wire.send(bytes) || (wire.isTooLong(bytes) ? "too-long" : false);
    };
    for (let next = this.#unsent[0]; next; next = this.#unsent[0]) {
      if (!send(next)) return;
      this.#unsent.shift();
    }
    if (this.#phase !== "running") return;
    outbox.sendNext(send);
    this.#watchPublications();
  }

  /** Ends this life. */
  end(): void {
    this.#phase = "ended";
    for (const timer of [this.#startTimer, this.#publishTimer, this.#timeTimer]) timer?.cancel();
    this.#statuses.end();
  }

  /** The modem is lost: the handler hears of it before the next life. */
  #lose(why: string): void {
    if (this.#phase === "ended") return;
    const status = this.#phase === "running" ? linkStatus.NO_NET : linkStatus.ESP_FAIL;
    this.#statuses.push({ type: "status", status, text: why });
    this.end();
  }

  /** What a status changes, before anybody is told of it. */
  #note(status: LinkStatus): void {
    if (status === linkStatus.WIFI_UP || status === linkStatus.RUNNING) this.#brokerUp = true;
    if (status === linkStatus.WIFI_DOWN) this.#brokerUp = false;
    if (status === linkStatus.RUNNING && this.#phase === "starting") this.#begin();
    this.#progress++;
    this.#watchPublications();
  }

  #begin(): void {
    this.#phase = "running";
    this.#startTimer?.cancel();
    const { filters, onRunning } = this.#options;
    for (const [filter, qos] of filters) this.send({ type: "subscribe", filter, qos });
    onRunning();
    if (this.#options.clockSync !== "off") this.#askTime();
    this.flush();
  }

  async #take(message: LinkMessage): Promise<void> {
    await this.#options.onMessage(message);
    if (message.qos > 0) this.send({ type: "taken", id: message.id });
  }

  #askTime(): void {
    this.#asked = true;
    this.send({ type: "time" });
    this.#timeTimer = this.#options.clock.setTimer(timePatienceMs, () => this.#askTime());
  }

  #takeTime(time: number, onTime: (time: number) => void): void {
    if (!this.#asked || time === 0) return;
    this.#asked = false;
    this.#timeTimer?.cancel();
    onTime(time);
    const { clockSync, clock } = this.#options;
    if (typeof clockSync !== "number") return;
    this.#timeTimer = clock.setTimer(clockSync * 1000, () => this.#askTime());
  }

  /** While starting, the modem has to say something now and then. */
  #expectStatus(): void {
    this.#startTimer?.cancel();
    this.#startTimer = this.#options.clock.setTimer(this.#options.startTimeoutMs, () =>
      this.#lose("the modem does not come up"),
    );
  }

  /** With the broker there, publications have to get through: a modem in which they hang is reset. */
  #watchPublications(): void {
    const { outbox, clock, publishTimeoutMs } = this.#options;
    if (this.#publishTimer || !this.online || outbox.sent === 0) return;
    const since = this.#progress;
    this.#publishTimer = clock.setTimer(publishTimeoutMs, () => {
      this.#publishTimer = undefined;
      const hangs = this.online && outbox.sent > 0 && this.#progress === since;
      if (hangs) this.#lose("a publication does not get through");
      else this.#watchPublications();
    });
  }
}

/** Whether a status ends this life of the modem. */
function isFatal(status: LinkStatus, starting: boolean): boolean {
  const { BROKER_FAIL, UNKNOWN, WIFI_DOWN, ESP_FAIL, NO_NET } = linkStatus;
  if (status === BROKER_FAIL || status === UNKNOWN || status === ESP_FAIL || status === NO_NET) return true;
  return status === WIFI_DOWN && starting;
}
