import { messageOf } from "../base/index.ts";
import { broadcastAddress, isMacAddress, type ReceivedFrame } from "../device/index.ts";
import {
  type ClassicDialect,
  type ClassicUplink,
  decodeClassicUplink,
  encodeChannelReply,
  type MalformedUplink,
  parsePartName,
  type Publication,
} from "../wire/index.ts";
import { judgePublication, refusePublication, words } from "./answer.ts";
import type { QoS } from "./broker-link.ts";
import type { FrameOutcome, Refusal } from "./counters.ts";
import { chooseDialect, learnDialect } from "./dialect.ts";
import type { Downlink } from "./downlink.ts";
import { Joins } from "./joins.ts";
import { GatewayNode, takeToken } from "./node.ts";
import { faultOfPublishTopic, faultOfSubscribeFilter } from "./node-topic.ts";
import type { GatewayParts } from "./parts.ts";
import { audienceOf, describeRefusal } from "./report-text.ts";
import type { StoredUplink } from "./store.ts";

/** How many topics are remembered as fit, before that begins anew. */
const rememberedTopics = 1000;

/**
 * What nodes send: judged, answered, passed on. Nothing here waits for the broker, the store or the radio, and no frame,
 * whatever its bytes, gets beyond being counted and reported.
 */
export class Uplink {
  readonly #parts: GatewayParts;
  readonly #downlink: Downlink;
  readonly #joins: Joins;
  /** Topics that were found fit: nodes use few, again and again. */
  readonly #fitTopics = new Set<string>();
  #waiting = 0;

  constructor(parts: GatewayParts, downlink: Downlink) {
    this.#parts = parts;
    this.#downlink = downlink;
    const { limits } = parts.config;
    this.#joins = new Joins(limits.joins, limits.message_bytes);
  }

  /** Publications that wait for the broker. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Publishes what the broker may not have had before a restart. */
  restore(uplinks: readonly StoredUplink[]): void {
    this.#waiting += uplinks.length;
    this.#parts.outbox.restore(uplinks, this.#onDone);
  }

  /** Takes a frame from the air. Never throws. */
  receive(frame: ReceivedFrame): void {
    let outcome: FrameOutcome;
    try {
      outcome = this.#handle(frame);
    } catch (error) {
      const { source, bytes } = frame;
      outcome = "defect";
      this.#parts.reports.trouble("errors", "defect", () => {
        return `${describeRefusal("defect", { source, bytes })}: ${messageOf(error)}`;
      });
    }
    this.#parts.counters.frames.add(outcome);
  }

  #handle(frame: ReceivedFrame): FrameOutcome {
    const { config, clock, nodes } = this.#parts;
    const now = clock.monotonic();
    const known = nodes.get(frame.source);
    const perSecond = config.limits.frames_a_second;
    if (known && !takeToken(known, now, perSecond)) {
      return this.#refuse("too-many-frames", frame, known, { limit: perSecond });
    }
    const uplink = decodeClassicUplink(frame.bytes);
    if (!known && uplink.type === "malformed" && !isOfNode(uplink)) return this.#refuse(uplink.fault, frame);
    const node = known ?? this.#meet(frame);
    if (typeof node === "string") return node;
    node.heard(clock.now(), now, frame.rssi);
    this.#parts.bridge.changed();
    this.#learn(node, uplink);
    return this.#answer(node, uplink, frame);
  }

  #answer(node: GatewayNode, uplink: ClassicUplink | MalformedUplink, frame: ReceivedFrame): FrameOutcome {
    const { link, radio } = this.#parts;
    switch (uplink.type) {
      case "publish":
        return this.#publish(node, uplink, frame);
      case "subscribe":
        return this.#subscribe(node, uplink.topic, uplink.qos, frame);
      case "unsubscribe":
        return this.#unsubscribe(node, uplink.topic);
      case "get":
        this.#downlink.deliver(node);
        return "get";
      case "ping":
        this.#downlink.reply(node, link.connected ? words.up : words.down);
        return "ping";
      case "poll":
        this.#downlink.reply(node, link.connected ? words.up : words.down);
        this.#downlink.deliver(node);
        return "poll";
      case "channel":
        this.#downlink.reply(node, encodeChannelReply(radio.channel));
        return "channel";
      default: {
        // Four elements are a publication, whose node waits for an answer.
        const reply = uplink.elements === 4 ? refusePublication(this.#dialectOf(node)) : undefined;
        if (reply) this.#downlink.reply(node, reply);
        return this.#refuse(uplink.fault, frame, node, { command: uplink.command });
      }
    }
  }

  #publish(node: GatewayNode, publication: Publication, frame: ReceivedFrame): FrameOutcome {
    const { link, config } = this.#parts;
    const dialect = this.#dialectOf(node);
    const isPlain = this.#fitTopics.has(publication.topic);
    const part = isPlain ? undefined : parsePartName(publication.topic);
    const topic = part ? part.topic : publication.topic;
    const { message_bytes: longest, uplinks: limit } = config.limits;
    const fault =
      (isPlain ? undefined : this.#faultOfTopic(topic)) ??
      (publication.payload.length > longest ? "message-too-long" : undefined);
    if (fault) return this.#refusePublication(node, dialect, fault, frame, longest);

    const { acknowledge } = publication;
    const situation = { dialect, acknowledge, connected: link.connected, waiting: this.#waiting, limit };
    const { refusal, reply } = judgePublication(situation);
    let payload = publication.payload;
    let outcome: FrameOutcome = "publish";
    if (part && !refusal) {
      const joined = this.#joins.add(node.address, part, payload);
      if (joined === "missing-part" || joined === "message-too-long") {
        return this.#refusePublication(node, dialect, joined, frame, longest);
      }
      if (joined === "waiting") outcome = "part";
      else payload = joined;
    }
    const answer = () => {
      if (reply) this.#downlink.reply(node, reply);
      if (dialect === "prototype") this.#downlink.deliver(node);
    };
    if (refusal) outcome = this.#refuse(refusal, frame, node, { limit });
    if (outcome !== "publish") {
      answer();
      return outcome;
    }
    node.uplinks++;
    // What a node hears of an accepted message holds although the gateway is killed the next instant; silence can be at once.
    if (!reply) answer();
    this.#pass(topic, payload, publication, reply ? answer : nothing);
    return outcome;
  }

  #faultOfTopic(topic: string): Refusal | undefined {
    const fault = faultOfPublishTopic(topic, this.#parts.config.base);
    if (fault) return fault;
    if (this.#fitTopics.size >= rememberedTopics) this.#fitTopics.clear();
    this.#fitTopics.add(topic);
    return undefined;
  }

  #pass(topic: string, payload: Uint8Array, { qos, retain }: Publication, onSafe: () => void): void {
    this.#waiting++;
    this.#parts.outbox.publish({ topic, payload, qos, retain }, { onSafe, onDone: this.#onDone });
  }

  readonly #onDone = (): void => {
    this.#waiting--;
  };

  #refusePublication(
    node: GatewayNode,
    dialect: ClassicDialect,
    refusal: Refusal,
    frame: ReceivedFrame,
    limit: number,
  ): Refusal {
    const reply = refusePublication(dialect);
    if (reply) this.#downlink.reply(node, reply);
    if (dialect === "prototype") this.#downlink.deliver(node);
    return this.#refuse(refusal, frame, node, { limit });
  }

  #subscribe(node: GatewayNode, filter: string, qos: QoS, frame: ReceivedFrame): FrameOutcome {
    const { config, routes, retained, subscriptions, journal } = this.#parts;
    const fault = faultOfSubscribeFilter(filter);
    if (fault) return this.#refuse(fault, frame, node);
    const before = node.subscriptions.get(filter);
    // Sleepers subscribe anew at each wake: that changes nothing, and brings no retained messages again.
    if (before === qos) return "subscribe";
    const limit = config.limits.subscriptions;
    if (before === undefined && node.subscriptions.size >= limit) {
      return this.#refuse("too-many-subscriptions", frame, node, { limit });
    }
    if (journal.overloaded) return this.#refuse("store-slow", frame, node);
    node.subscribe(filter, qos);
    routes.add(filter, node);
    if (before === undefined) retained.wait(filter, node);
    subscriptions.want(filter, qos);
    journal.add({ type: "node", record: node.toRecord() });
    return "subscribe";
  }

  #unsubscribe(node: GatewayNode, filter: string): FrameOutcome {
    const { config, routes, retained, subscriptions, journal } = this.#parts;
    if (!node.unsubscribe(filter)) return "unsubscribe";
    retained.forget(filter, node);
    const nobodyLeft = routes.remove(filter, node);
    const own = filter === config.pub_all.topic || (config.statreq && filter === config.statreq.topic);
    if (nobodyLeft && !own) subscriptions.drop(filter);
    journal.add({ type: "node", record: node.toRecord() });
    return "unsubscribe";
  }

  /** Makes a sender known, or says why not. */
  #meet(frame: ReceivedFrame): GatewayNode | Refusal {
    const { config, nodes, radio, routes, retained, subscriptions, journal } = this.#parts;
    const { source } = frame;
    if (!isMacAddress(source) || source === broadcastAddress || source === radio.address) {
      return this.#refuse("bad-address", frame);
    }
    const limit = config.limits.nodes;
    if (nodes.size >= limit) return this.#refuse("too-many-nodes", frame, undefined, { limit });
    if (journal.overloaded) return this.#refuse("store-slow", frame);
    const node = new GatewayNode(source, config.nodes[source]);
    nodes.set(source, node);
    routes.join(node);
    retained.wait(config.pub_all.topic, node);
    subscriptions.want(config.pub_all.topic, config.pub_all.qos);
    journal.add({ type: "node", record: node.toRecord() });
    return node;
  }

  #learn(node: GatewayNode, uplink: ClassicUplink | MalformedUplink): void {
    const heard = learnDialect(node.heardDialect, uplink);
    if (heard === node.heardDialect) return;
    node.heardDialect = heard;
    this.#parts.journal.add({ type: "node", record: node.toRecord() });
  }

  #dialectOf(node: GatewayNode): ClassicDialect {
    return chooseDialect(node.byHand?.dialect, node.heardDialect, this.#parts.config.dialect);
  }

  #refuse(
    refusal: Refusal,
    { source, bytes }: ReceivedFrame,
    node?: GatewayNode,
    detail: { readonly limit?: number; readonly command?: string | undefined } = {},
  ): Refusal {
    if (node) node.refusals++;
    this.#parts.reports.trouble(audienceOf(refusal), refusal, () =>
      describeRefusal(refusal, { source, bytes, ...detail }),
    );
    return refusal;
  }
}

function nothing(): void {}

/** Whether a malformed frame has the form of a dialect, so that a node must have sent it. */
function isOfNode({ elements }: MalformedUplink): boolean {
  return elements === 1 || elements === 2 || elements === 4;
}
