import type { RandomBytes } from "../../base/index.ts";
import type { MacAddress, ReceivedFrame } from "../../device/index.ts";
import { isNativeFrame, type NativePair } from "../../wire/index.ts";
import type { Admission } from "../admission.ts";
import { noteContact } from "../contacts.ts";
import { noteBound } from "../bounds.ts";
import type { FrameOutcome } from "../counters.ts";
import type { Dialect } from "../dialect.ts";
import type { Distribution } from "../distribution.ts";
import type { Joining } from "../joining.ts";
import type { GatewayNode } from "../node.ts";
import type { NodeSubscriptions } from "../node-subscriptions.ts";
import type { GatewayParts } from "../parts.ts";
import type { Publications } from "../publications.ts";
import type { Refusals } from "../refusals.ts";
import { removeNode } from "../removal.ts";
import { NodeItems } from "./node-items.ts";
import { NativePeer } from "./peer.ts";
import { emptyRecord } from "./record.ts";
import { NativeTalks } from "./talks.ts";
import type { NativeReceipt, NativeUplink } from "./uplink.ts";

/** What the native dialect stands on. */
export interface NativeDialectOptions {
  readonly parts: GatewayParts;
  readonly admission: Admission;
  readonly joining: Joining;
  readonly publications: Publications;
  readonly subscriptions: NodeSubscriptions;
  readonly refusals: Refusals;
  readonly distribution: Distribution;
  readonly randomBytes: RandomBytes;
}

/**
 * The gateway's end of the native dialect. What a frame says is stored in one batch with the count of what was taken of its
 * node, and the node hears of it when that is safe: so nothing is taken twice, and nothing is lost.
 */
export class NativeDialect implements Dialect {
  readonly #options: NativeDialectOptions;
  readonly #parts: GatewayParts;
  readonly #items: NodeItems;
  readonly #talks: NativeTalks;
  /** Those that were heard lately, the one longest quiet first. */
  readonly #peers = new Map<MacAddress, NativePeer>();

  constructor(options: NativeDialectOptions) {
    this.#options = options;
    this.#parts = options.parts;
    this.#items = new NodeItems(options);
    this.#talks = new NativeTalks(options.parts, options.distribution);
  }

  speaks(frame: Uint8Array): boolean {
    return isNativeFrame(frame);
  }

  receive(frame: ReceivedFrame, node: GatewayNode | undefined): FrameOutcome {
    const { admission, refusals } = this.#options;
    const { source, bytes } = frame;
    if (admission.isDenied(source)) return refusals.refuse("denied", frame, node);
    const peer = this.#peerOf(source, node);
    const receipt = peer.receive(bytes);
    switch (receipt.type) {
      case "join":
        return this.#join(frame, node, peer);
      case "handshake":
        if (!node) return refusals.refuse("not-joined", frame);
        return this.#shakeHands(node, receipt);
      case "uplink":
        if (!node) return refusals.refuse("not-joined", frame);
        try {
          return this.#take(node, peer, receipt, frame);
        } catch (error) {
          // It would wait for ever for what is not stored. The node begins anew, and says all of it again.
          this.forget(source);
          throw error;
        }
      default:
        return refusals.refuse(receipt.reason, frame, node);
    }
  }

  /** Only to a node that has said that it stays awake. */
  deliver(node: GatewayNode): void {
    const peer = this.#peers.get(node.address);
    if (peer?.stays) this.#talks.send(node, peer, true);
  }

  /** A node is no more: what is known of it is of no use. */
  forget(address: MacAddress): void {
    this.#peers.delete(address);
  }

  #join(frame: ReceivedFrame, known: GatewayNode | undefined, peer: NativePeer): FrameOutcome {
    const { admission, joining, refusals } = this.#options;
    const { source, bytes } = frame;
    const receipt = peer.join(bytes, admission.mayJoin(source) ? joining.secretsFor(source) : []);
    if (receipt.type !== "handshake") return refusals.refuse("not-joined", frame, known);
    const node = known ?? admission.meet(source);
    if (typeof node === "string") return refusals.refuse(node, frame);
    noteContact(this.#parts, node, frame);
    return this.#shakeHands(node, receipt);
  }

  #shakeHands(
    node: GatewayNode,
    { frame, record }: Extract<NativeReceipt, { type: "handshake" }>,
  ): FrameOutcome {
    const { journal } = this.#parts;
    if (record) {
      node.native = record;
      journal.add({ type: "node", record: node.toRecord() });
    }
    journal.whenFlushed(() => this.#options.distribution.downlink.reply(node, frame));
    return "handshake";
  }

  #take(node: GatewayNode, peer: NativePeer, uplink: NativeUplink, frame: ReceivedFrame): FrameOutcome {
    const { journal } = this.#parts;
    noteContact(this.#parts, node, frame);
    node.contact.saidGoodNight = !uplink.stays;
    const journaled = this.#talks.came(node, uplink);
    this.#countNumbers(node, uplink);
    const taken = this.#items.take(node, uplink.items, frame);
    const record = uplink.items.length > 0 ? peer.settle(taken.outcomes) : uplink.record;
    if (uplink.joined) this.#options.joining.used(uplink.joined);
    if (record) {
      node.native = record;
      journal.add({ type: "node", record: node.toRecord() });
    }
    const leaves = uplink.items.some(({ type }) => type === "leave");
    const commit = () => {
      journal.whenFlushed(() => {
        peer.committed();
        // An uplink that came meanwhile may wait for this one.
        if (uplink.answer || uplink.fetch || journaled !== undefined)
          this.#talks.send(node, peer, uplink.fetch);
        if (leaves) this.#leave(node);
      });
    };
    // An answer lets the node forget what came: before that is journaled, a crash would bring it once more.
    if (journaled) void journaled.then(commit);
    else commit();
    return taken.frame;
  }

  /** Numbers show what came before, and what never came. */
  #countNumbers(node: GatewayNode, { repeated, skipped }: NativeUplink): void {
    const { counters, reports } = this.#parts;
    if (repeated > 0) counters.items.add("repeated", repeated);
    if (skipped === 0) return;
    counters.items.add("skipped", skipped);
    reports.trouble("status", "skipped", () => {
      return `Of node ${node.address} ${skipped} items never came: its memory was full, or it or this gateway was set back`;
    });
  }

  #leave(node: GatewayNode): void {
    this.forget(node.address);
    void removeNode(this.#parts, this.#options.distribution, node);
  }

  #peerOf(address: MacAddress, node: GatewayNode | undefined): NativePeer {
    const { config, radio } = this.#parts;
    const known = this.#peers.get(address);
    const peer = known ?? this.#createPeer({ node: address, gateway: radio.address }, node);
    // Those of nobody are not kept: everybody can be nobody.
    if (!node) return peer;
    this.#peers.delete(address);
    this.#peers.set(address, peer);
    if (this.#peers.size > config.limits.sessions) {
      const [oldest] = this.#peers.keys();
      if (oldest !== undefined) this.#peers.delete(oldest);
      noteBound(this.#parts, "sessions");
    }
    return peer;
  }

  #createPeer(pair: NativePair, node: GatewayNode | undefined): NativePeer {
    const { config, radio } = this.#parts;
    return new NativePeer({
      ...pair,
      record: node?.native ?? { ...emptyRecord, classic: node !== undefined },
      mayUse: (terms) => this.#options.joining.allows(pair.node, terms),
      randomBytes: this.#options.randomBytes,
      maximumFrameBytes: radio.maximumFrameBytes,
      maximumItemBytes: config.limits.message_bytes,
    });
  }
}
