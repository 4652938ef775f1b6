import { show } from "../base/index.ts";
import { type MacAddress, toMacAddress } from "../device/index.ts";
import type { BridgeNodeCounters, NodeEnergy, NodePresence } from "../topics/index.ts";
import type { ClassicDialect } from "../wire/index.ts";
import type { QoS } from "./broker-link.ts";
import type { NodeConfig } from "./config.ts";
import { gatewayErrors } from "./errors.ts";
import type { NativeRecord } from "./native/record.ts";
import { NodeQueue } from "./node-queue.ts";
import { EnergyAccount, type EnergyConfig, type EnergyRecord } from "./energy.ts";
import { NodeContact } from "./node-contact.ts";
import type { NodeRecord, NodeWill, StoredNode } from "./store.ts";
import { standardTolerance, type WakeContract } from "./wake-contract.ts";

type NodeCounts = { -readonly [Name in keyof BridgeNodeCounters]: number };

const noCounts: BridgeNodeCounters = { uplinks: 0, refused: 0, delivered: 0, undelivered: 0, dropped: 0 };
const nothing: ReadonlyMap<string, QoS> = new Map();

/** How long a node counts as awake after it was heard or took a frame, in milliseconds. */
export const awakeMs = 60_000;

/** A node as the gateway knows it. Kept small: there may be very many. */
export class GatewayNode {
  readonly address: MacAddress;
  readonly byHand: NodeConfig | undefined;
  readonly queue: NodeQueue;
  /** What it has been heard to speak. */
  heardDialect: ClassicDialect | undefined;

  /** What it is called by request; what is set by hand goes before. */
  givenName: string | undefined;
  /** When it was heard last, in milliseconds since 1970; `undefined` if never. */
  lastSeen: number | undefined;
  /** The same by the monotonic clock. */
  heardAt: number | undefined;
  /** What it promised itself. */
  promised: WakeContract | undefined;
  /** Whether it has not woken when it should have. */
  isOverdue = false;
  will: NodeWill | undefined;
  willPublished = false;
  battery: NodePresence["battery"] = null;
  #energy: EnergyRecord | EnergyAccount | undefined;
  #contact: NodeContact | undefined;
  /** What it last published, by topic, the one longest quiet first. */
  readings: Map<string, Uint8Array> | undefined;
  rssi: number | undefined;

  /** What is stored of a node that speaks the native dialect, its key among it: never to be shown. */
  native: NativeRecord | undefined;

  /** Whether its full queue has been reported, and not had room since. */
  fullReported = false;
  /** Whether its silence has been reported, and it has not taken a frame since. */
  silenceReported = false;

  #counts: NodeCounts | undefined;

  /** Its filters, each followed by its QoS: one array takes a fraction of a map's room, and most nodes have few. */
  #subscriptions: (string | QoS)[] | undefined;

  constructor(address: MacAddress, byHand?: NodeConfig, stored?: StoredNode) {
    const record = stored?.record;
    this.address = address;
    this.byHand = byHand;
    this.heardDialect = record?.dialect;
    this.givenName = record?.name;
    this.lastSeen = record?.lastSeen;
    this.promised = record?.contract;
    this.will = record?.will;
    this.willPublished = record?.willPublished ?? false;
    this.battery = record?.battery ?? null;
    this.native = record?.native;
    this.#energy = record?.energy;
    this.queue = new NodeQueue(stored?.nextId, stored?.waiting);
    const subscriptions = record?.subscriptions ?? [];
    if (subscriptions.length > 0) this.#subscriptions = flatten(subscriptions);
  }

  /** What people call it. */
  get name(): string {
    return this.byHand?.name ?? this.givenName ?? this.address;
  }

  /** What it has spent. An account begins `now`, in milliseconds since 1970. */
  energyAt(now: number): EnergyAccount {
    this.#energy = this.#accountAt(now);
    return this.#energy;
  }

  /** The same to be read only: nothing more is kept of a node for having looked at it. */
  reportEnergy(now: number, currents: EnergyConfig): NodeEnergy {
    return this.#accountAt(now).report(now, currents);
  }

  #accountAt(now: number): EnergyAccount {
    return this.#energy instanceof EnergyAccount ? this.#energy : new EnergyAccount(now, this.#energy);
  }

  /** What became of its frames and messages since the start. */
  get counts(): BridgeNodeCounters {
    return this.#counts ?? noCounts;
  }

  /** Counts one more. */
  count(name: keyof BridgeNodeCounters): void {
    this.#counts ??= { ...noCounts };
    this.#counts[name]++;
  }

  /** What is kept only while it is in contact. */
  get contact(): NodeContact {
    return (this.#contact ??= new NodeContact());
  }

  /** It has fallen asleep: what is kept only while it is in contact goes, unless something still depends on it. */
  rest(): void {
    if (this.#contact?.isIdle) this.#contact = undefined;
    if (this.#energy instanceof EnergyAccount) this.#energy = this.#energy.toRecord();
  }

  /** Whether it speaks the native dialect. */
  get isNative(): boolean {
    return this.native?.key !== undefined;
  }

  /** Whether it was let in as a classic node: one that is known by its wish to join, or of which the record was lost, was not. */
  get isClassic(): boolean {
    return this.native?.classic ?? true;
  }

  /** How often it is to wake: set by hand, or else as it promised. */
  get contract(): WakeContract | undefined {
    const { wake, wake_tolerance: tolerance } = this.byHand ?? {};
    if (wake === undefined) return this.promised;
    return { period: wake, tolerance: tolerance ?? standardTolerance(wake) };
  }

  /** Notes that it was heard. */
  heard(now: number, monotonicNow: number, rssi: number | undefined): void {
    this.lastSeen = now;
    this.heardAt = monotonicNow;
    this.contact.at = monotonicNow;
    this.contact.refused = false;
    this.contact.saidGoodNight = false;
    this.willPublished = false;
    if (rssi !== undefined) this.rssi = rssi;
  }

  /** Its topic filters. */
  get subscriptions(): ReadonlyMap<string, QoS> {
    const flat = this.#subscriptions;
    if (!flat) return nothing;
    const map = new Map<string, QoS>();
    for (let at = 0; at < flat.length; at += 2) map.set(flat[at] as string, flat[at + 1] as QoS);
    return map;
  }

  subscribe(filter: string, qos: QoS): void {
    this.#subscriptions = flatten([...new Map(this.subscriptions).set(filter, qos)]);
  }

  /** `false` if it did not have the filter. */
  unsubscribe(filter: string): boolean {
    const rest = new Map(this.subscriptions);
    if (!rest.delete(filter)) return false;
    this.#subscriptions = rest.size > 0 ? flatten([...rest]) : undefined;
    return true;
  }

  /** What the store keeps of it. */
  toRecord(): NodeRecord {
    return {
      address: this.address,
      dialect: this.heardDialect,
      subscriptions: [...this.subscriptions],
      name: this.givenName,
      lastSeen: this.lastSeen,
      contract: this.promised,
      will: this.will,
      willPublished: this.willPublished,
      battery: this.battery,
      native: this.native,
      energy: this.#energy instanceof EnergyAccount ? this.#energy.toRecord() : this.#energy,
    };
  }

  /**
   * Until when it seems to be awake, by the monotonic clock. Of a node that does not say when it sleeps, a guess: for a minute
   * after it was heard or took a frame, unless it did not take the last one.
   */
  get awakeUntil(): number {
    const contact = this.#contact;
    if (!contact || contact.refused || contact.saidGoodNight) return -Infinity;
    return contact.at + awakeMs;
  }

  isAwake(monotonicNow: number): boolean {
    return monotonicNow < this.awakeUntil;
  }
}

/** A node by its address, in any common spelling, or by its name. @throws `gateway/unknown-node` */
export function findNode(nodes: ReadonlyMap<MacAddress, GatewayNode>, given: string): GatewayNode {
  const byAddress = nodes.get(toMacAddress(given) ?? "");
  if (byAddress) return byAddress;
  for (const node of nodes.values()) if (node.name === given) return node;
  throw gatewayErrors.create(
    "gateway/unknown-node",
    `no node is called ${show(given)}, and none has that address`,
  );
}

/** Pairs as one array, no longer than it must be. */
function flatten(pairs: readonly (readonly [string, QoS])[]): (string | QoS)[] {
  return pairs.flat().slice();
}
