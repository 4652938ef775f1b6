import type { Clock } from "../../../src/base/index.ts";
import type { Gateway, GatewayReport } from "../../../src/gateway/index.ts";
import type { YearBroker, YearClient } from "./broker.ts";
import type { CountedGroup } from "./counted-group.ts";
import type { Ledger } from "./ledger.ts";
import { wakePeriod } from "./motes.ts";

/** How exactly it is known when a node became overdue, in milliseconds. */
const overdueSlackMs = 10_000;
/** So long before its end a gateway may have heard a node without noting it, in milliseconds. */
const unsureMs = 10_000;
const overdueMs = wakePeriod * 1.25 * 1000;

/** What is compared of one life of the gateway. */
export interface Audited {
  readonly gateway: Gateway;
  readonly client: YearClient;
  readonly radio: CountedGroup;
  /** How many messages waited for nodes at its start. */
  readonly beganWith: number;
}

/** Whether what the gateway says of itself is so: its counters, and who is available. */
export class Audit {
  /** How often it was looked. */
  count = 0;
  /** Frames by what became of them, and messages by how they ended, over all lives that are over. */
  readonly frames: Record<string, number> = {};
  readonly deliveries: Record<string, number> = {};
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #broker: YearBroker;
  /** When a node was heard by the gateway last, by the monotonic clock, or `undefined` if that is not certain to be known. */
  readonly #heardAt = new Map<string, number>();

  constructor(clock: Clock, ledger: Ledger, broker: YearBroker) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#broker = broker;
  }

  /** The gateway has certainly heard a node. */
  heard(address: string): void {
    this.#heardAt.set(address, this.#clock.monotonic());
  }

  /** It may have heard a node, or not have taken that for its own. */
  maybeHeard(address: string): void {
    this.#heardAt.delete(address);
  }

  /** Nobody knows how long ago a node was heard: the time of day is all that outlives a process, and it was stepped. */
  clockStepped(): void {
    this.#heardAt.clear();
  }

  /** A life of the gateway is over. */
  lifeEnded(): void {
    const now = this.#clock.monotonic();
    for (const [address, heardAt] of this.#heardAt) {
      if (now - heardAt < unsureMs) this.#heardAt.delete(address);
    }
  }

  /** Every frame that was heard, and every message that came, is counted once. To be called once as a life ends. */
  close(audited: Audited): void {
    const { frames, deliveries } = this.#compareCounters(audited).counters;
    addTo(this.frames, frames);
    addTo(this.deliveries, deliveries);
  }

  /** While nothing is under way: what was queued has one fate, or waits; and who is available is as the wake contracts say. */
  look(audited: Audited): void {
    this.count++;
    const { counters, nodes, waitingUplinks } = this.#compareCounters(audited);
    const { queued = 0, ...ends } = counters.deliveries;
    let waiting = 0;
    for (const node of nodes) waiting += node.queued;
    this.#compare("messages for nodes", audited.beganWith + queued, sumOf(ends) + waiting);
    this.#compare("uplinks that wait", 0, waitingUplinks);
    for (const node of nodes) this.#comparePresence(node);
  }

  #compareCounters({ gateway, radio, client }: Audited): GatewayReport {
    const report = gateway.report();
    this.#compare("frames heard", radio.heard, sumOf(report.counters.frames));
    this.#compare("messages from the broker", client.received, sumOf(report.counters.messages));
    return report;
  }

  #comparePresence({ node, name, state }: GatewayReport["nodes"][number]): void {
    const heardAt = this.#heardAt.get(node);
    if (heardAt === undefined) return;
    const silentMs = this.#clock.monotonic() - heardAt;
    if (Math.abs(silentMs - overdueMs) < overdueSlackMs) return;
    const isOverdue = silentMs > overdueMs;
    const told = this.#broker.availability.get(name);
    const expected = JSON.stringify({ state: isOverdue ? "offline" : "online" });
    if (told === expected && (state === "overdue") === isOverdue) return;
    this.#ledger.complain(`node ${node} is ${state} and ${told} after ${silentMs} ms of silence`);
  }

  #compare(what: string, expected: number, counted: number): void {
    if (expected !== counted) this.#ledger.complain(`${what}: ${expected}, but counted are ${counted}`);
  }
}

function addTo(sums: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
