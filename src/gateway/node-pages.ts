import { type Clock, decodeUtf8, type Timer } from "../base/index.ts";
import { type NodePresence, type NodeState, type NodeTopics, toNodeTopic } from "../topics/index.ts";
import type { BrokerLink } from "./broker-link.ts";
import type { GatewayNode } from "./node.ts";
import { countMissedWakes } from "./wake-contract.ts";

/** How often a node's page is published at most, in milliseconds. */
const leastIntervalMs = 1000;
/** How long what changes about a node is gathered, in milliseconds: a wake is often several frames. */
const gatherMs = 50;
/** How many pages are published at once, so that a hundred thousand nodes do not fill the connection. */
const atOnce = 500;
/** How many topics of a node are shown. */
const maximumReadings = 8;
/** The longest payload that is shown, in bytes. */
const longestReading = 256;

/** What nodes' pages stand on. */
export interface NodePagesOptions {
  readonly link: BrokerLink;
  readonly clock: Clock;
  readonly base: string;
  readonly nodes: ReadonlyMap<string, GatewayNode>;
}

/** What all pages say of a node. */
export function describePresence(node: GatewayNode, monotonicNow: number, now: number): NodePresence {
  const { contract, lastSeen, heardAt } = node;
  const silentMs = heardAt === undefined ? 0 : monotonicNow - heardAt;
  const due = contract?.period && heardAt !== undefined ? now - silentMs + contract.period * 1000 : undefined;
  return {
    lastSeen: lastSeen === undefined ? null : new Date(lastSeen).toISOString(),
    rssi: node.rssi ?? null,
    state: node.isOverdue ? "overdue" : node.isAwake(monotonicNow) ? "awake" : "asleep",
    nextWake: due === undefined ? null : new Date(due).toISOString(),
    missedWakes: contract ? countMissedWakes(contract, silentMs) : 0,
    battery: node.battery,
    queued: node.queue.size,
  };
}

/** Each node's own page `moteq/<node>`, and whether it can be counted on. Published while the broker is there, and anew when it comes back. */
export class NodePages {
  readonly #options: NodePagesOptions;
  readonly #changed = new Set<GatewayNode>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: NodePagesOptions) {
    this.#options = options;
  }

  /** Something about a node has changed. */
  changed(node: GatewayNode): void {
    // One that was removed has no page any more, whatever still happens to its messages.
    if (node.contact.hasNews || this.#closed || this.#options.nodes.get(node.address) !== node) return;
    node.contact.hasNews = true;
    this.#changed.add(node);
    this.#timer ??= this.#options.clock.setTimer(gatherMs, () => this.#publish());
  }

  /** A node has published something. */
  read(node: GatewayNode, topic: string, payload: Uint8Array): void {
    if (payload.length > longestReading) return;
    // Kept as it came, and read when it is shown: nodes publish more often than pages are.
    const readings = (node.readings ??= new Map<string, Uint8Array>());
    // Where all fit, their order does not matter.
    if (readings.size >= maximumReadings) readings.delete(topic);
    readings.set(topic, payload);
    if (readings.size > maximumReadings) {
      const [oldest] = readings.keys();
      if (oldest !== undefined) readings.delete(oldest);
    }
    this.changed(node);
  }

  /** The broker is there (again). What is retained of a node that was not heard since the start still holds. */
  connected(): void {
    for (const node of this.#options.nodes.values()) {
      this.tellAvailability(node);
      if (node.heardAt !== undefined) this.changed(node);
    }
  }

  /** Says whether a node can be counted on. */
  tellAvailability(node: GatewayNode): void {
    if (!this.#options.link.connected || this.#closed) return;
    const state = node.isOverdue ? "offline" : "online";
    this.#retain(node.name, "availability", JSON.stringify({ state }));
  }

  /** Takes back all that is retained of a node by a name. */
  clear(name: string): void {
    for (const tail of ["", "availability"] as const) this.#retain(name, tail, "");
  }

  /** A node is no more. */
  forget(node: GatewayNode): void {
    this.#changed.delete(node);
    this.clear(node.name);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #publish(): void {
    const { link, clock } = this.#options;
    this.#timer = undefined;
    // Without a broker they wait: `connected` goes on.
    if (!link.connected) return;
    const monotonicNow = clock.monotonic();
    let nextMs = Infinity;
    let count = 0;
    for (const node of this.#changed) {
      const waitMs = node.contact.pageAt + leastIntervalMs - monotonicNow;
      if (waitMs > 0 || count >= atOnce) {
        nextMs = Math.min(nextMs, Math.max(waitMs, gatherMs));
        continue;
      }
      count++;
      this.#changed.delete(node);
      node.contact.hasNews = false;
      node.contact.pageAt = monotonicNow;
      const page: NodeState = {
        ...describePresence(node, monotonicNow, clock.now()),
        readings: Object.fromEntries(readingsOf(node)),
      };
      this.#retain(node.name, "", JSON.stringify(page));
      if (!node.isAwake(monotonicNow)) node.rest();
    }
    if (nextMs < Infinity) this.#timer = clock.setTimer(nextMs, () => this.#publish());
  }

  #retain(name: string, tail: keyof NodeTopics, text: string): void {
    const { link, base } = this.#options;
    link.publish(toNodeTopic(base, name, tail), text, { qos: 1, retain: true }).catch(() => {});
  }
}

/** What a node last published, by topic, as far as it is text. */
export function readingsOf(node: GatewayNode): [topic: string, value: unknown][] {
  const values: [string, unknown][] = [];
  for (const [topic, payload] of node.readings ?? []) {
    const text = decodeUtf8(payload);
    if (text !== undefined) values.push([topic, toValue(text)]);
  }
  return values;
}

/** A payload as JSON, or else as text. */
export function toValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
