import { show } from "../base/index.ts";
import { type MacAddress, toMacAddress } from "../device/index.ts";
import type { NodePresence } from "../topics/index.ts";
import type { ClassicDialect } from "../wire/index.ts";
import type { QoS } from "./broker-link.ts";
import type { NodeConfig } from "./config.ts";
import { gatewayErrors } from "./errors.ts";
import type { NativeRecord } from "./native/record.ts";
import { NodeQueue } from "./node-queue.ts";
import { EnergyAccount } from "./energy.ts";
import type { NodeRecord, NodeWill, StoredNode } from "./store.ts";
import { standardTolerance, type WakeContract } from "./wake-contract.ts";

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
  /** When that was stored last, by the monotonic clock. */
  seenStoredAt = -Infinity;
  /** What it promised itself. */
  promised: WakeContract | undefined;
  /** Whether it has not woken when it should have. */
  isOverdue = false;
  /** Whether it has said that it goes to sleep, and was not heard since. */
  saidGoodNight = false;
  will: NodeWill | undefined;
  willPublished = false;
  battery: NodePresence["battery"] = null;
  readonly energy: EnergyAccount;
  /** What it last published, by topic, the one longest quiet first. */
  readings: Map<string, unknown> | undefined;
  /** When its page was published last, by the monotonic clock. */
  pageAt = -Infinity;
  /** When it was heard or took a frame last, by the monotonic clock. */
  lastContact = -Infinity;
  rssi: number | undefined;
  /** Whether a frame to it was not acknowledged, and it was not heard since. */
  refused = false;

  /** What is stored of a node that speaks the native dialect, its key among it: never to be shown. */
  native: NativeRecord | undefined;
  /** Frames that it may still send at once; see {@link takeToken}. */
  tokens = Infinity;
  tokensAt = 0;

  /** Answers that wait for its radio, oldest first. */
  readonly replies: Uint8Array[] = [];
  /** Whether frames to it are being sent. */
  serving = false;
  /** Whether it has asked for its messages since they were last begun. */
  asked = false;

  /** Whether its full queue has been reported, and not had room since. */
  fullReported = false;
  /** Whether its silence has been reported, and it has not taken a frame since. */
  silenceReported = false;

  /** Publications accepted from it. */
  uplinks = 0;
  /** Frames of it that were refused, whatever the reason. */
  refusals = 0;
  /** Messages that it took. */
  delivered = 0;
  /** Times that a message was not acknowledged; it waits on. */
  undelivered = 0;
  /** Messages for it that ended otherwise: superseded, expired, dropped, refused. */
  dropped = 0;

  #subscriptions: Map<string, QoS> | undefined;

  /** @param now the time of day, in milliseconds since 1970 */
  constructor(address: MacAddress, now: number, byHand?: NodeConfig, stored?: StoredNode) {
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
    this.energy = new EnergyAccount(now, record?.energy);
    this.queue = new NodeQueue(stored?.nextId, stored?.waiting);
    const subscriptions = record?.subscriptions ?? [];
    if (subscriptions.length > 0) this.#subscriptions = new Map(subscriptions);
  }

  /** What people call it. */
  get name(): string {
    return this.byHand?.name ?? this.givenName ?? this.address;
  }

  /** Whether it speaks the native dialect. */
  get isNative(): boolean {
    return this.native?.key !== undefined;
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
    this.lastContact = monotonicNow;
    this.refused = false;
    this.saidGoodNight = false;
    this.willPublished = false;
    if (rssi !== undefined) this.rssi = rssi;
  }

  /** Its topic filters. */
  get subscriptions(): ReadonlyMap<string, QoS> {
    return this.#subscriptions ?? nothing;
  }

  subscribe(filter: string, qos: QoS): void {
    this.#subscriptions ??= new Map();
    this.#subscriptions.set(filter, qos);
  }

  /** `false` if it did not have the filter. */
  unsubscribe(filter: string): boolean {
    return this.#subscriptions?.delete(filter) ?? false;
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
      energy: this.energy.toRecord(),
    };
  }

  /**
   * Until when it seems to be awake, by the monotonic clock. Of a node that does not say when it sleeps, a guess: for a minute
   * after it was heard or took a frame, unless it did not take the last one.
   */
  get awakeUntil(): number {
    return this.refused || this.saidGoodNight ? -Infinity : this.lastContact + awakeMs;
  }

  isAwake(monotonicNow: number): boolean {
    return monotonicNow < this.awakeUntil;
  }
}

/**
 * Takes one of the frames that a node may send: `framesASecond` in the long run, twice as many in a burst.
 * `false` if it has none left.
 */
export function takeToken(node: GatewayNode, monotonicNow: number, framesASecond: number): boolean {
  const gained = ((monotonicNow - node.tokensAt) * framesASecond) / 1000;
  node.tokens = Math.min(node.tokens + gained, framesASecond * 2);
  node.tokensAt = monotonicNow;
  if (node.tokens < 1) return false;
  node.tokens--;
  return true;
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
