import type { Clock, Timer } from "../base/index.ts";
import { type BridgeHealth, type BridgeNode, type BridgeTopics, toBridgeTopic } from "../topics/index.ts";
import type { BrokerLink, QoS } from "./broker-link.ts";
import { chooseDialect } from "./classic/choose-dialect.ts";
import type { GatewayConfig } from "./config.ts";
import type { Discovery } from "./discovery.ts";
import type { GatewayNode } from "./node.ts";
import { describePresence, type NodePages } from "./node-pages.ts";

/** How often the list of nodes is published at most, in milliseconds. */
const leastIntervalMs = 1000;
/** The same for each node: a list of a thousand has some 400 kB, and something of it changes every second. What is new of a node is on its own page. */
const leastIntervalPerNodeMs = 50;
/** How often the gateway's health is looked at when nothing happens, in milliseconds. */
const healthIntervalMs = 60_000;

/** A last will for an MQTT client. */
export interface BridgeWill {
  readonly topic: string;
  readonly payload: string;
  readonly qos: QoS;
  readonly retain: boolean;
}

/** The last will that the gateway's client must have, so that its end is seen: `{"state":"offline"}`, retained. */
export function createBridgeWill(base = "moteq"): BridgeWill {
  return {
    topic: toBridgeTopic(base, "bridge/state"),
    payload: JSON.stringify({ state: "offline" } satisfies BridgeTopics["bridge/state"]),
    qos: 1,
    retain: true,
  };
}

/** Describes a node for people and programs. */
export function describeNode(
  node: GatewayNode,
  config: GatewayConfig,
  monotonicNow: number,
  now: number,
): BridgeNode {
  return {
    node: node.address,
    name: node.name,
    dialect:
      node.isNative || !node.isClassic
        ? "native"
        : chooseDialect(node.byHand?.dialect, node.heardDialect, config.dialect),
    ...describePresence(node, monotonicNow, now),
    wakeEvery: node.contract?.period ?? null,
    energy: node.reportEnergy(now, config.energy),
    counters: node.counts,
  };
}

/** What the bridge's topics stand on. */
export interface BridgeOptions {
  readonly link: BrokerLink;
  readonly clock: Clock;
  readonly config: GatewayConfig;
  readonly nodes: ReadonlyMap<string, GatewayNode>;
  /** What the gateway is at this moment. */
  readonly describe: () => BridgeTopics["bridge/info"];
  readonly pages: NodePages;
  /** Left out if nodes are not announced to Home Assistant. */
  readonly discovery: Discovery | undefined;
  /** How each part is at this moment. */
  readonly judgeHealth: () => BridgeHealth;
}

/**
 * The gateway's face: the topics under `moteq/bridge/`, and what is retained of each node. Published only while the broker is
 * there, and anew when it comes back.
 */
export class Bridge {
  readonly #options: BridgeOptions;
  #timer: Timer | undefined;
  #healthTimer: Timer | undefined;
  /** What was published last. */
  #health = "";
  #publishedAt = -Infinity;
  /** Whether something has changed since the list of nodes was published. */
  #changed = false;
  /** Whether the broker has yet to take the last list: no second one is sent after it. */
  #publishing = false;
  #closed = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /** The broker is there (again): it is told everything. */
  connected(): void {
    const { pages, discovery } = this.#options;
    void this.#publish("bridge/state", { state: "online" });
    this.infoChanged();
    this.#health = "";
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#changed = true;
    this.#publishNodes();
    pages.connected();
    discovery?.announceAll();
  }

  /** What the gateway is has changed. */
  infoChanged(): void {
    const { link, describe } = this.#options;
    if (link.connected && !this.#closed) void this.#publish("bridge/info", describe());
  }

  /** Something about a node has changed; called often, so it does next to nothing. */
  changed(node: GatewayNode): void {
    this.#options.pages.changed(node);
    this.#listChanged();
  }

  /** A node has published something. */
  read(node: GatewayNode, topic: string, payload: Uint8Array): void {
    const { pages, discovery } = this.#options;
    if (!discovery) {
      pages.read(node, topic, payload);
      return;
    }
    const before = node.readings?.size ?? 0;
    pages.read(node, topic, payload);
    if (node.readings?.size !== before) discovery.announce(node);
  }

  /** A node is known from now on, or by another name. */
  appeared(node: GatewayNode): void {
    const { pages, discovery } = this.#options;
    pages.tellAvailability(node);
    discovery?.announce(node);
    this.changed(node);
  }

  /** Whether a node is available has changed. */
  presenceChanged(node: GatewayNode): void {
    this.#options.pages.tellAvailability(node);
    this.changed(node);
  }

  /** What is retained under a node's name is taken back: it gets another. */
  forgetName(node: GatewayNode): void {
    this.#options.pages.clear(node.name);
  }

  /** A node is no more. */
  forget(node: GatewayNode): void {
    const { pages, discovery } = this.#options;
    pages.forget(node);
    discovery?.forget(node);
    this.#listChanged();
  }

  /** Home Assistant has started. */
  born(): void {
    this.#options.discovery?.born();
  }

  /** Says that the gateway is gone, if the broker is there to hear it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#healthTimer?.cancel();
    this.#options.pages.close();
    this.#options.discovery?.close();
    if (this.#options.link.connected) await this.#publish("bridge/state", { state: "offline" });
  }

  #listChanged(): void {
    if (this.#changed || this.#closed) return;
    this.#changed = true;
    if (!this.#publishing) this.#schedule(this.#earliest());
  }

  #earliest(): number {
    return this.#publishedAt + Math.max(leastIntervalMs, this.#options.nodes.size * leastIntervalPerNodeMs);
  }

  #schedule(at: number): void {
    this.#timer?.cancel();
    const delayMs = Math.max(0, at - this.#options.clock.monotonic());
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      this.#publishNodes();
    });
  }

  #publishNodes(): void {
    const { link, clock, nodes, config } = this.#options;
    // Without a broker the list waits: `connected` publishes it.
    if (!link.connected || this.#publishing) return;
    const monotonicNow = clock.monotonic();
    this.#publishedAt = monotonicNow;
    this.#changed = false;
    this.#publishing = true;
    this.#watchHealth();
    const now = clock.now();
    const list = [...nodes.values()].map((node) => describeNode(node, config, monotonicNow, now));
    void this.#publishList(list);
  }

  async #publishList(list: readonly BridgeNode[]): Promise<void> {
    await this.#publish("bridge/nodes", list);
    this.#publishing = false;
    if (this.#changed && !this.#closed) this.#schedule(this.#earliest());
  }

  /** Publishes the health if it has changed, and looks again after a while. */
  #watchHealth(): void {
    const { link, clock, judgeHealth } = this.#options;
    this.#healthTimer?.cancel();
    this.#healthTimer = undefined;
    if (!link.connected || this.#closed) return;
    const health = judgeHealth();
    const text = JSON.stringify(health);
    if (text !== this.#health) void this.#publish("bridge/health", health);
    this.#health = text;
    this.#healthTimer = clock.setTimer(healthIntervalMs, () => this.#watchHealth());
  }

  /** Never rejects. */
  async #publish<Tail extends keyof BridgeTopics>(tail: Tail, value: BridgeTopics[Tail]): Promise<void> {
    const { link, config } = this.#options;
    try {
      await link.publish(toBridgeTopic(config.base, tail), JSON.stringify(value), { qos: 1, retain: true });
    } catch {
      // The client was closed: nobody is left to be told.
    }
  }
}
