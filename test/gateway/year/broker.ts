import { type Clock, encodeUtf8, type Random } from "../../../src/base/index.ts";
import type { BrokerLink, BrokerMessage, Gateway } from "../../../src/gateway/index.ts";
import type { BridgeEvent, BridgeResponse } from "../../../src/topics/index.ts";
import { type Known, type Ledger, recognize, textOf } from "./ledger.ts";
import type { Life } from "./life.ts";
import type { Moves } from "./moves.ts";

/** How long a message takes to the broker, and its acknowledgement back, in milliseconds. */
const wayMs = 2;

interface Outgoing {
  readonly known: Known | undefined;
  readonly topic: string;
  readonly payload: string | Uint8Array;
  /** Whether the broker has it; its acknowledgement may be lost with the connection. */
  taken: boolean;
  readonly resolve: () => void;
}

interface Incoming {
  readonly message: BrokerMessage;
  readonly number: number | undefined;
}

/**
 * A broker with one client, at QoS 1: it keeps for the gateway what it has not been told to have arrived, and takes again
 * what the gateway has not been told to have arrived. It goes away and comes back.
 */
export class YearBroker {
  /** Retained: whether a node is available, by its name. */
  readonly availability = new Map<string, string>();
  away = false;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #moves: Moves;
  readonly #filters = new Set<string>();
  /** What the gateway has not acknowledged, the oldest first. */
  readonly #session = new Set<Incoming>();
  #client: YearClient | undefined;

  constructor(clock: Clock, random: Random, ledger: Ledger, moves: Moves) {
    this.#clock = clock;
    this.#random = random;
    this.#ledger = ledger;
    this.#moves = moves;
  }

  /** The client of one life of the gateway. */
  open(life: Life): YearClient {
    this.#client = new YearClient(this, life, this.#random, this.#ledger);
    return this.#client;
  }

  cut(): void {
    this.away = true;
    this.#client?.lose();
  }

  restore(): void {
    this.away = false;
    this.#client?.connect();
  }

  /** Publishes for the gateway as somebody else would; `false` if it has not subscribed. */
  publish(topic: string, payload: string, number?: number): boolean {
    const [root = "", name = ""] = topic.split("/");
    if (!this.#filters.has(root === "to" ? `to/${name}/#` : "moteq/bridge/request/#")) return false;
    const incoming = { message: { topic, payload: encodeUtf8(payload), retain: false }, number };
    this.#session.add(incoming);
    this.#clock.setTimer(wayMs, () => this.#client?.receive(incoming));
    return true;
  }

  subscribe(filter: string): void {
    this.#filters.add(filter);
  }

  unsubscribe(filter: string): void {
    this.#filters.delete(filter);
  }

  take({ known, topic, payload }: Outgoing): void {
    if (known) this.#ledger.arrived(known);
    else if (topic.endsWith("/availability"))
      this.availability.set(topic.split("/")[1] ?? "", String(payload));
    else if (topic === "moteq/bridge/event") this.#moves.happened(JSON.parse(textOf(payload)) as BridgeEvent);
    else if (topic === "moteq/bridge/response/channel/move")
      this.#moves.answered(JSON.parse(textOf(payload)) as BridgeResponse);
  }

  /** What has to be sent (again) to a client that has just connected. */
  get unacknowledged(): readonly Incoming[] {
    return [...this.#session];
  }

  /** The gateway has said that it has a message. */
  acknowledge(incoming: Incoming): void {
    if (!this.#session.delete(incoming)) return;
    if (incoming.number !== undefined) this.#ledger.taken(incoming.number);
  }
}

/** The gateway's client: keeps the order, and brings everything as soon as the broker is there. */
export class YearClient implements BrokerLink {
  connected = false;
  gateway: Gateway | undefined;
  /** Messages that were given to the gateway. */
  received = 0;
  readonly #broker: YearBroker;
  readonly #life: Life;
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #counts = new Map<string, number>();
  #outgoing: Outgoing[] = [];
  #waitingRequests: (() => void)[] = [];
  #isPumping = false;
  /** Counts connections: what belongs to an earlier one no longer happens. */
  #connection = 0;

  constructor(broker: YearBroker, life: Life, random: Random, ledger: Ledger) {
    this.#broker = broker;
    this.#life = life;
    this.#random = random;
    this.#ledger = ledger;
  }

  /** Whether the broker has all that it was given. */
  get isIdle(): boolean {
    return this.#outgoing.length === 0;
  }

  connect(): void {
    if (this.#life.isOver || this.connected || this.#broker.away) return;
    this.connected = true;
    this.#connection++;
    for (const request of this.#waitingRequests.splice(0)) request();
    for (const one of this.#outgoing) {
      // Its acknowledgement was lost.
      if (one.taken && one.known) this.#ledger.mayRepeat(one.known);
      one.taken = false;
    }
    this.gateway?.brokerStatus({ type: "connected" });
    for (const incoming of this.#broker.unacknowledged) this.receive(incoming);
    this.#pump();
  }

  lose(): void {
    if (this.#life.isOver || !this.connected) return;
    this.connected = false;
    this.#connection++;
    this.#isPumping = false;
    this.gateway?.brokerStatus({ type: "disconnected" });
  }

  publish(topic: string, payload: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#outgoing.push({ known: recognize(topic, payload), topic, payload, taken: false, resolve });
      this.#pump();
    });
  }

  async subscribe(filter: string) {
    await this.#request(() => {
      this.#counts.set(filter, (this.#counts.get(filter) ?? 0) + 1);
      this.#broker.subscribe(filter);
    });
    return {
      unsubscribe: () =>
        this.#request(() => {
          const count = (this.#counts.get(filter) ?? 1) - 1;
          this.#counts.set(filter, count);
          if (count === 0) this.#broker.unsubscribe(filter);
        }),
    };
  }

  receive(incoming: Incoming): void {
    if (!this.connected || this.#life.isOver || !this.gateway) return;
    const connection = this.#connection;
    this.received++;
    const safe = this.gateway.receive(incoming.message);
    // The acknowledgement may be lost with the connection or the process.
    const acknowledge = () =>
      this.#life.clock.setTimer(wayMs, () => {
        if (connection === this.#connection) this.#broker.acknowledge(incoming);
      });
    if (safe) void safe.then(acknowledge);
    else acknowledge();
  }

  #request(work: () => void): Promise<void> {
    return new Promise((resolve) => {
      const request = () => {
        this.#life.clock.setTimer(wayMs, () => {
          work();
          resolve();
        });
      };
      if (this.connected) request();
      else this.#waitingRequests.push(request);
    });
  }

  /** Brings what there is to the broker, all at once. */
  #pump(): void {
    if (!this.connected || this.#isPumping || this.#outgoing.length === 0) return;
    this.#isPumping = true;
    const connection = this.#connection;
    this.#life.clock.setTimer(wayMs * (0.5 + this.#random.next()), () => {
      if (connection !== this.#connection) return;
      const batch = this.#outgoing.slice();
      for (const one of batch) {
        one.taken = true;
        this.#broker.take(one);
      }
      this.#life.clock.setTimer(wayMs, () => {
        if (connection !== this.#connection) return;
        this.#isPumping = false;
        this.#outgoing.splice(0, batch.length);
        for (const { resolve } of batch) resolve();
        this.#pump();
      });
    });
  }
}
