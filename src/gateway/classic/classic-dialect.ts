import type { ReceivedFrame } from "../../device/index.ts";
import {
  type ClassicDialect as ClassicName,
  type ClassicUplink,
  decodeClassicUplink,
  encodeChannelReply,
  type MalformedUplink,
  parsePartName,
  type Publication,
} from "../../wire/index.ts";
import type { Admission } from "../admission.ts";
import { noteBound } from "../bounds.ts";
import { noteContact } from "../contacts.ts";
import type { FrameOutcome, Refusal } from "../counters.ts";
import type { Dialect } from "../dialect.ts";
import type { Downlink } from "../downlink.ts";
import type { GatewayNode } from "../node.ts";
import type { NodeSubscriptions } from "../node-subscriptions.ts";
import type { GatewayParts } from "../parts.ts";
import type { Publications } from "../publications.ts";
import type { Refusals } from "../refusals.ts";
import { judgePublication, refusePublication, words } from "./answer.ts";
import { chooseDialect, learnDialect } from "./choose-dialect.ts";
import { Joins } from "./joins.ts";

/** What the classic dialects stand on. */
export interface ClassicDialectOptions {
  readonly parts: GatewayParts;
  readonly admission: Admission;
  readonly publications: Publications;
  readonly subscriptions: NodeSubscriptions;
  readonly refusals: Refusals;
  readonly downlink: Downlink;
}

/** The gateway's end of `prototype` and `link`: JSON lists, told apart by their length. */
export class ClassicDialects implements Dialect {
  readonly #options: ClassicDialectOptions;
  readonly #parts: GatewayParts;
  readonly #joins: Joins;

  constructor(options: ClassicDialectOptions) {
    this.#options = options;
    this.#parts = options.parts;
    const { joins, message_bytes: bytes } = options.parts.config.limits;
    this.#joins = new Joins(joins, bytes, () => noteBound(this.#parts, "joins"));
  }

  /** Whatever nobody else speaks: the original takes any bytes, and says of most that they make no sense. */
  speaks(): boolean {
    return true;
  }

  receive(frame: ReceivedFrame, known: GatewayNode | undefined): FrameOutcome {
    const { admission, refusals } = this.#options;
    const uplink = decodeClassicUplink(frame.bytes);
    if (!known && uplink.type === "malformed" && !isOfNode(uplink))
      return refusals.refuse(uplink.fault, frame);
    const fault = admission.faultOfClassic(frame.source, known);
    if (fault) return refusals.refuse(fault, frame, known);
    const node = known ?? admission.meet(frame.source);
    if (typeof node === "string") return refusals.refuse(node, frame);
    noteContact(this.#parts, node, frame);
    this.#learn(node, uplink);
    return this.#answer(node, uplink, frame);
  }

  deliver(node: GatewayNode): void {
    this.#options.downlink.deliver(node);
  }

  #answer(node: GatewayNode, uplink: ClassicUplink | MalformedUplink, frame: ReceivedFrame): FrameOutcome {
    const { link, radio } = this.#parts;
    const { downlink, subscriptions, refusals } = this.#options;
    switch (uplink.type) {
      case "publish":
        return this.#publish(node, uplink, frame);
      case "subscribe": {
        const refusal = subscriptions.subscribe(node, uplink.topic, uplink.qos);
        if (!refusal) return "subscribe";
        return refusals.refuse(refusal, frame, node);
      }
      case "unsubscribe":
        subscriptions.unsubscribe(node, uplink.topic);
        return "unsubscribe";
      case "get":
        downlink.deliver(node);
        return "get";
      case "ping":
        downlink.reply(node, link.connected ? words.up : words.down);
        return "ping";
      case "poll":
        downlink.reply(node, link.connected ? words.up : words.down);
        downlink.deliver(node);
        return "poll";
      case "channel":
        downlink.reply(node, encodeChannelReply(radio.channel));
        return "channel";
      default: {
        // Four elements are a publication, whose node waits for an answer.
        const reply = uplink.elements === 4 ? refusePublication(this.#dialectOf(node)) : undefined;
        if (reply) downlink.reply(node, reply);
        return refusals.refuse(uplink.fault, frame, node, uplink.command);
      }
    }
  }

  #publish(node: GatewayNode, publication: Publication, frame: ReceivedFrame): FrameOutcome {
    const { link, config } = this.#parts;
    const { publications, refusals } = this.#options;
    const dialect = this.#dialectOf(node);
    const part = publications.isKnownFit(publication.topic) ? undefined : parsePartName(publication.topic);
    const topic = part ? part.topic : publication.topic;
    const fault = publications.faultOf(topic, publication.payload);
    if (fault) return this.#refusePublication(node, dialect, fault, frame);

    const { acknowledge, qos, retain } = publication;
    const { waiting } = publications;
    const limit = config.limits.uplinks;
    const situation = { dialect, acknowledge, connected: link.connected, waiting, limit };
    const { refusal, reply } = judgePublication(situation);
    let { payload } = publication;
    let outcome: FrameOutcome = "publish";
    if (part && !refusal) {
      const joined = this.#joins.add(node.address, part, payload);
      if (joined === "missing-part" || joined === "message-too-long") {
        return this.#refusePublication(node, dialect, joined, frame);
      }
      if (joined === "waiting") outcome = "part";
      else payload = joined;
    }
    const answer = () => {
      if (reply) this.#options.downlink.reply(node, reply);
      if (dialect === "prototype") this.#options.downlink.deliver(node);
    };
    if (refusal) outcome = refusals.refuse(refusal, frame, node);
    if (outcome !== "publish") {
      answer();
      return outcome;
    }
    // What a node hears of an accepted message holds although the gateway is killed the next instant; silence can be at once.
    if (!reply) answer();
    publications.take(node, { topic, payload, qos, retain }, reply ? answer : undefined);
    return outcome;
  }

  #refusePublication(
    node: GatewayNode,
    dialect: ClassicName,
    refusal: Refusal,
    frame: ReceivedFrame,
  ): Refusal {
    const { downlink, refusals } = this.#options;
    const reply = refusePublication(dialect);
    if (reply) downlink.reply(node, reply);
    if (dialect === "prototype") downlink.deliver(node);
    return refusals.refuse(refusal, frame, node);
  }

  #learn(node: GatewayNode, uplink: ClassicUplink | MalformedUplink): void {
    const heard = learnDialect(node.heardDialect, uplink);
    if (heard === node.heardDialect) return;
    node.heardDialect = heard;
    this.#parts.journal.add({ type: "node", record: node.toRecord() });
  }

  #dialectOf(node: GatewayNode): ClassicName {
    return chooseDialect(node.byHand?.dialect, node.heardDialect, this.#parts.config.dialect);
  }
}

/** Whether a malformed frame has the form of a dialect, so that a node must have sent it. */
function isOfNode({ elements }: MalformedUplink): boolean {
  return elements === 1 || elements === 2 || elements === 4;
}
