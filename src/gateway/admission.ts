import { isMacAddress, type MacAddress } from "../device/index.ts";
import type { Refusal } from "./counters.ts";
import type { Joining } from "./joining.ts";
import { GatewayNode } from "./node.ts";
import type { GatewayParts } from "./parts.ts";

/** The name under which the store keeps the addresses that are denied by request. */
const deniedSetting = "denied";

/** Makes senders known, or says why not. */
export class Admission {
  readonly #parts: GatewayParts;
  readonly #joining: Joining;
  /** Denied by request. */
  #denied = new Set<MacAddress>();

  constructor(parts: GatewayParts, joining: Joining) {
    this.#parts = parts;
    this.#joining = joining;
  }

  /** Remembers what was denied before a restart. */
  restore(settings: ReadonlyMap<string, string>): void {
    this.#denied = new Set(settings.get(deniedSetting)?.split(" "));
  }

  /** Whether an address may never be a node's. */
  isDenied(address: MacAddress): boolean {
    const { deny } = this.#parts.config;
    return (
      (this.#denied.size > 0 && this.#denied.has(address)) || (deny.length > 0 && deny.includes(address))
    );
  }

  /** Why a frame of a classic dialect is not to be heard; `undefined` if it is. */
  faultOfClassic(source: MacAddress, known: GatewayNode | undefined): Refusal | undefined {
    const { config } = this.#parts;
    if (this.isDenied(source)) return "denied";
    // Else whoever can say a node's address could speak for it.
    if (known?.isNative) return "insecure";
    if (known?.isClassic) return undefined;
    if (config.classic === "open" || source in config.nodes || this.#joining.takesClassic) return undefined;
    return "not-allowed";
  }

  /** Whether an address is one of those that may join. */
  mayJoin(address: MacAddress): boolean {
    const { allow, nodes } = this.#parts.config;
    if (this.isDenied(address)) return false;
    return allow.length === 0 || allow.includes(address) || address in nodes;
  }

  /** Lets a node in as a classic one that is known by a join alone. */
  admitClassic(node: GatewayNode): void {
    if (node.isClassic || !node.native) return;
    node.native = { ...node.native, classic: true };
    this.#parts.journal.add({ type: "node", record: node.toRecord() });
  }

  /** Makes a sender a node. */
  meet(source: MacAddress): GatewayNode | Refusal {
    const { config, nodes, leaving, radio, routes, retained, subscriptions } = this.#parts;
    const { journal, bridge, events, presence } = this.#parts;
    if (!isOfOne(source) || source === radio.address) return "bad-address";
    if (nodes.size >= config.limits.nodes) return "too-many-nodes";
    if (journal.overloaded) return "store-slow";
    const node = new GatewayNode(source, config.nodes[source]);
    node.queue.nextId = leaving.get(source)?.queue.nextId ?? 0;
    nodes.set(source, node);
    routes.join(node);
    presence.watch(node);
    retained.wait(config.pub_all.topic, node);
    subscriptions.want(config.pub_all.topic, config.pub_all.qos);
    journal.add({ type: "node", record: node.toRecord() });
    bridge.appeared(node);
    events.tell({ type: "node_joined", node: node.address, name: node.name });
    return node;
  }

  /** Denies an address, or no longer does. */
  deny(address: MacAddress, denied: boolean): void {
    if (this.#denied.has(address) === denied) return;
    if (denied) this.#denied.add(address);
    else this.#denied.delete(address);
    const value = [...this.#denied].join(" ");
    this.#parts.journal.add({ type: "setting", name: deniedSetting, value: value || undefined });
  }
}

/** Whether an address is that of one radio: not none, and not that of many (IEEE 802, the lowest bit of the first byte). */
function isOfOne(address: MacAddress): boolean {
  const isOfMany = (Number.parseInt(address.slice(0, 2), 16) & 1) === 1;
  return isMacAddress(address) && !isOfMany && address !== "000000000000";
}
