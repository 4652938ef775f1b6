import type { Clock, Timer } from "../base/index.ts";
import { type BridgeNode, type BridgeTopics, toBridgeTopic } from "../topics/index.ts";
import { chooseDialect } from "./classic/choose-dialect.ts";
import type { BrokerLink, QoS } from "./broker-link.ts";
import type { DialectSetting } from "./config.ts";
import { awakeMs, type GatewayNode } from "./node.ts";

/** How often the list of nodes is published at most, in milliseconds; with very many nodes, one for each. */
const leastIntervalMs = 1000;

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
export function describeNode(node: GatewayNode, dialect: DialectSetting, monotonicNow: number): BridgeNode {
  return {
    node: node.address,
    name: node.name,
    dialect: chooseDialect(node.byHand?.dialect, node.heardDialect, dialect),
    lastSeen: node.lastSeen === undefined ? null : new Date(node.lastSeen).toISOString(),
    rssi: node.rssi ?? null,
    state: node.isAwake(monotonicNow) ? "awake" : "asleep",
    queued: node.queue.size,
    counters: {
      uplinks: node.uplinks,
      refused: node.refusals,
      delivered: node.delivered,
      undelivered: node.undelivered,
      dropped: node.dropped,
    },
  };
}

/** What the bridge's topics stand on. */
export interface BridgeOptions {
  readonly link: BrokerLink;
  readonly clock: Clock;
  readonly base: string;
  readonly nodes: ReadonlyMap<string, GatewayNode>;
  readonly info: BridgeTopics["bridge/info"];
  /** What nodes speak until they show it. */
  readonly dialect: DialectSetting;
}

/** The topics under `moteq/bridge/`. Published only while the broker is there, and anew when it comes back. */
export class Bridge {
  readonly #options: BridgeOptions;
  #timer: Timer | undefined;
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
    void this.#publish("bridge/state", { state: "online" });
    void this.#publish("bridge/info", this.#options.info);
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#changed = true;
    this.#publishNodes();
  }

  /** Something about a node has changed; called often, so it does next to nothing. */
  changed(): void {
    if (this.#changed || this.#closed) return;
    this.#changed = true;
    if (!this.#publishing) this.#schedule(this.#earliest());
  }

  /** Says that the gateway is gone, if the broker is there to hear it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#options.link.connected) await this.#publish("bridge/state", { state: "offline" });
  }

  #earliest(): number {
    return this.#publishedAt + Math.max(leastIntervalMs, this.#options.nodes.size);
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
    const { link, clock, nodes, dialect } = this.#options;
    // Without a broker the list waits: `connected` publishes it.
    if (!link.connected || this.#publishing) return;
    const now = clock.monotonic();
    this.#publishedAt = now;
    this.#changed = false;
    this.#publishing = true;
    const list = [...nodes.values()].map((node) => describeNode(node, dialect, now));
    void this.#publishList(list, now);
  }

  async #publishList(list: readonly BridgeNode[], now: number): Promise<void> {
    await this.#publish("bridge/nodes", list);
    this.#publishing = false;
    if (this.#closed) return;
    if (this.#changed) this.#schedule(this.#earliest());
    else this.#awaitSleep(now);
  }

  /** Publishes again when the first of the nodes that were awake at `then` falls asleep without a word. */
  #awaitSleep(then: number): void {
    let first = Infinity;
    for (const node of this.#options.nodes.values()) {
      if (node.isAwake(then)) first = Math.min(first, node.lastContact + awakeMs);
    }
    if (first < Infinity) this.#schedule(Math.max(first, this.#earliest()));
  }

  /** Never rejects. */
  async #publish<Tail extends keyof BridgeTopics>(tail: Tail, payload: BridgeTopics[Tail]): Promise<void> {
    const { link, base } = this.#options;
    try {
      await link.publish(toBridgeTopic(base, tail), JSON.stringify(payload), { qos: 1, retain: true });
    } catch {
      // The link has given up; the next connection brings everything anew.
    }
  }
}
