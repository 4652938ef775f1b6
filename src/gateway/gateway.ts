import { decodeUtf8, messageOf } from "../base/index.ts";
import { type BridgeHealth, toBridgeTopic } from "../topics/index.ts";
import { assemble, type Assembly } from "./assembly.ts";
import { describeNode } from "./bridge.ts";
import type { BrokerMessage } from "./broker-link.ts";
import type { MessageOutcome } from "./counters.ts";
import { settleWithin } from "./deadline.ts";
import { birthTopic } from "./discovery.ts";
import { holderOfName } from "./config.ts";
import { gatewayErrors } from "./errors.ts";
import { GatewayNode } from "./node.ts";
import type { GatewayOptions } from "./options.ts";
import type { GatewayParts } from "./parts.ts";
import type { GatewayLog } from "./reports.ts";
import { findRival } from "./rival.ts";
import { type GatewayReport, writeStatusReport } from "./status-report.ts";

/** How long `close` waits for what is under way, in milliseconds. */
const closingMs = 2000;

/** How often a status request is answered at most, in milliseconds. */
const statusRequestMs = 1000;

function createGate(): { readonly promise: Promise<void>; resolve: () => void } {
  let resolve: (() => void) | undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve: () => resolve?.() };
}

/**
 * Carries messages between radio nodes and an MQTT broker.
 *
 * @example
 * const client = new MqttClient({
 *   will: createBridgeWill(),
 *   onMessage: (message) => gateway.receive(message),
 *   onStatus: (status) => gateway.brokerStatus(status),
 *   …
 * });
 * const gateway = new Gateway({ radio, client, store: new MemoryStore(), clock });
 * await gateway.start();
 * client.start();
 */
export class Gateway {
  readonly #parts: GatewayParts;
  readonly #assembly: Assembly;
  readonly #brokerName: string | undefined;
  readonly #log: GatewayLog;
  readonly #infoTopic: string;
  #state: "new" | "running" | "closed" = "new";
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #startedAt: number;
  /** Whether the broker's presence has been told. */
  #online = false;
  #answeredAt = -Infinity;
  /** Resolves when messages can be taken. */
  readonly #opened = createGate();

  /** @throws `gateway/bad-setting`, `topics/bad-name` */
  constructor(options: GatewayOptions) {
    this.#brokerName = options.brokerName;
    this.#log = options.log ?? (() => {});
    this.#startedAt = options.clock.monotonic();
    this.#assembly = assemble(options);
    this.#parts = this.#assembly.parts;
    this.#infoTopic = toBridgeTopic(this.#parts.config.base, "bridge/info");
  }

  /**
   * Reads what is stored, and begins to listen to the radio. Does not wait for the broker. Starting twice does nothing.
   *
   * @throws what the store throws when it cannot be opened; `gateway/closed`
   */
  start(): Promise<void> {
    this.#starting ??= this.#open();
    return this.#starting;
  }

  /**
   * Takes a message from the broker; give it every message that the client gets. Never throws.
   *
   * @returns settles when the message would survive a power cut, so that the broker may hear that it was taken, and never if
   *   the gateway is closed before; `undefined` if it does already
   */
  receive(message: BrokerMessage): Promise<void> | undefined {
    // The broker must not hear that it was taken: it sends it again, to whoever runs then.
    if (this.#state === "closed") return new Promise(() => {});
    if (this.#state === "new") return this.#opened.promise.then(() => this.receive(message));
    let outcome: MessageOutcome;
    try {
      outcome = this.#take(message);
    } catch (error) {
      outcome = "defect";
      this.#parts.reports.trouble("errors", "defect", () => {
        return `A message from the broker met a defect of the gateway: ${messageOf(error)}`;
      });
    }
    this.#parts.counters.messages.add(outcome);
    const { requests } = this.#assembly;
    const isToBeKept = outcome === "request" ? requests.changesBy(message.topic) : outcome === "routed";
    return isToBeKept ? this.#parts.journal.flushed() : undefined;
  }

  /** Whether a message on a topic is for some node. What is stored of nodes counts once `start` has settled. */
  wants(topic: string): boolean {
    const { config, routes } = this.#parts;
    return !topic.startsWith(`${config.base}/bridge/`) && routes.subscribersOf(topic).size > 0;
  }

  /** Takes a status of the client; only `connected`, `disconnected` and `subscription-lost` count. */
  brokerStatus(status: { readonly type: string; readonly filter?: string }): void {
    if (this.#state !== "running") return;
    if (status.type === "subscription-lost" && status.filter !== undefined) {
      this.#parts.subscriptions.lost(status.filter);
    } else if (status.type === "connected") this.#greet();
    else if (status.type === "disconnected" && this.#online) {
      this.#online = false;
      this.#parts.reports.status("WiFi or broker is down.");
    }
  }

  /** The gateway, its counters and its nodes. */
  report(): GatewayReport {
    const { radio, link, clock, counters, nodes, config } = this.#parts;
    const now = clock.monotonic();
    return {
      address: radio.address,
      channel: radio.channel,
      connected: link.connected,
      uptimeMs: now - this.#startedAt,
      waitingUplinks: this.#assembly.publications.waiting,
      counters: counters.toJSON(),
      nodes: [...nodes.values()].map((node) => describeNode(node, config, now, clock.now())),
    };
  }

  /** How each part is at this moment. */
  health(): BridgeHealth {
    return this.#assembly.judge();
  }

  /**
   * Stops listening, says on `moteq/bridge/state` that it is gone, lets what is under way end, for two seconds at the
   * most, and closes the store. What the client still holds for the broker is the client's. Closing twice does nothing.
   */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #open(): Promise<void> {
    if (this.#state === "closed") {
      throw gatewayErrors.create("gateway/closed", "the gateway has been closed: make a new one");
    }
    const { config, clock, nodes, presence, radio, routes, store, subscriptions } = this.#parts;
    const state = await store.open();
    for (const stored of state.nodes) {
      const { address } = stored.record;
      const node = new GatewayNode(address, config.nodes[address], stored);
      this.#yieldName(node);
      if (node.lastSeen !== undefined) {
        node.heardAt = clock.monotonic() - Math.max(0, clock.now() - node.lastSeen);
      }
      nodes.set(address, node);
      routes.join(node);
      presence.watch(node);
      for (const [filter, qos] of node.subscriptions) subscriptions.want(filter, qos);
    }
    if (this.#closing) return;
    this.#parts.retained.restore(state.topics);
    const settings = new Map(state.settings);
    this.#assembly.admission.restore(settings);
    this.#assembly.joining.restore(settings);
    this.#assembly.answers.restore(settings);
    await this.#parts.moves.restore(settings);
    if (this.#closing) return;
    this.#state = "running";
    this.#startedAt = clock.monotonic();
    subscriptions.wantOwn(config.pub_all.topic, config.pub_all.qos);
    if (config.statreq) subscriptions.wantOwn(config.statreq.topic, config.statreq.qos);
    subscriptions.wantOwn(this.#assembly.requests.filter, 1);
    subscriptions.wantOwn(this.#infoTopic, 1);
    if (config.homeassistant) subscriptions.wantOwn(birthTopic, 1);
    subscriptions.restore(settings);
    radio.listen((frame) => {
      if (this.#state === "running") this.#assembly.uplink.receive(frame);
    });
    for (const node of nodes.values()) this.#assembly.distribution.restored(node);
    this.#assembly.publications.restore(state.uplinks);
    this.#opened.resolve();
    if (this.#parts.link.connected) this.#greet();
  }

  /** Nobody has the name of another node: what the configuration says goes before. */
  #yieldName(node: GatewayNode): void {
    const { givenName: name, address } = node;
    const { config, journal, reports } = this.#parts;
    const holder = name === undefined ? undefined : holderOfName(config, name);
    if (name === undefined || holder === undefined || holder === address) return;
    node.givenName = undefined;
    journal.add({ type: "node", record: node.toRecord() });
    reports.error(`Node ${address} is no longer called ${name}: the configuration calls node ${holder} so`);
  }

  async #end(): Promise<void> {
    const wasRunning = this.#state === "running";
    const { bridge, clock, journal, presence, radio, reports, retained, store, subscriptions } = this.#parts;
    if (wasRunning) radio.listen(() => {});
    this.#state = "closed";
    this.#parts.outbox.close();
    presence.close();
    this.#parts.moves.close();
    this.#assembly.joining.end();
    reports.close();
    retained.close();
    subscriptions.close();
    const ends = [this.#assembly.distribution.close()];
    if (this.#starting) ends.push(this.#starting);
    // The broker takes this behind all that nodes have published.
    if (wasRunning) ends.push(bridge.close());
    await settleWithin(clock, closingMs, Promise.allSettled(ends));
    await settleWithin(clock, closingMs, Promise.resolve(journal.flushed()));
    journal.close();
    try {
      await store.close();
    } catch (error) {
      this.#log("error", `The store could not be closed: ${messageOf(error)}`);
    }
  }

  /** The broker is there. */
  #greet(): void {
    if (this.#online) return;
    this.#online = true;
    const { radio, reports, bridge, subscriptions } = this.#parts;
    const broker = this.#brokerName === undefined ? "broker" : `broker ${this.#brokerName}`;
    reports.status(`Gateway ${radio.address} connected to ${broker}.`);
    subscriptions.resume();
    bridge.connected();
  }

  #take(message: BrokerMessage): MessageOutcome {
    const { config, routes } = this.#parts;
    if (this.#assembly.requests.isRequest(message.topic)) {
      return this.#assembly.requests.take(message) ? "request" : "request-refused";
    }
    if (message.topic === this.#infoTopic) {
      const rival = findRival(message, this.#parts.radio.address);
      if (rival !== undefined) this.#sayRival(rival);
      return "own";
    }
    if (config.homeassistant && message.topic === birthTopic) {
      if (decodeUtf8(message.payload) === "online") this.#parts.bridge.born();
      return "own";
    }
    if (!config.statreq || message.topic !== config.statreq.topic)
      return this.#assembly.distribution.route(message);
    const outcome = this.#answerStatusRequest(message);
    // Nodes may listen there too.
    return routes.subscribersOf(message.topic).size > 0
      ? this.#assembly.distribution.route(message)
      : outcome;
  }

  #sayRival(rival: string): void {
    const { config, reports } = this.#parts;
    reports.trouble("errors", "rival", () => {
      return (
        `Another gateway, ${rival}, uses ${config.base}/ at this broker: both do each request, and the end of one is said ` +
        "of both. Give each its own gateway.base"
      );
    });
  }

  #answerStatusRequest({ topic, retain }: BrokerMessage): MessageOutcome {
    const { clock, reports } = this.#parts;
    if (retain) {
      reports.trouble("status", "retained-request", () => {
        return `Warning: the retained message on ${topic} is ignored; publish requests without retain`;
      });
      return "status-request-ignored";
    }
    const now = clock.monotonic();
    if (now - this.#answeredAt < statusRequestMs) return "status-request-ignored";
    this.#answeredAt = now;
    for (const line of writeStatusReport(this.report(), clock.now())) reports.status(line);
    return "status-request";
  }
}
