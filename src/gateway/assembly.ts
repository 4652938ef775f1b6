import { fromHex, messageOf } from "../base/index.ts";
import type { MacAddress } from "../device/index.ts";
import type { BridgeHealth } from "../topics/index.ts";
import { Admission } from "./admission.ts";
import { Answers } from "./answers.ts";
import { noteBound } from "./bounds.ts";
import { Bridge } from "./bridge.ts";
import { BrokerSubscriptions, leftPrefix } from "./broker-subscriptions.ts";
import { ClassicDialects } from "./classic/classic-dialect.ts";
import { ChannelMoves } from "./channel-moves.ts";
import { createChannelRequests } from "./channel-requests.ts";
import { resolveConfig } from "./config.ts";
import { GatewayCounters } from "./counters.ts";
import { Discovery } from "./discovery.ts";
import { Distribution } from "./distribution.ts";
import { Events } from "./events.ts";
import { Fates } from "./fates.ts";
import { judgeHealth } from "./health.ts";
import { createJoinRequests } from "./join-requests.ts";
import { Joining } from "./joining.ts";
import { Journal } from "./journal.ts";
import { NativeDialect } from "./native/native-dialect.ts";
import type { GatewayNode } from "./node.ts";
import { NodePages } from "./node-pages.ts";
import { createNodeRequests } from "./node-requests.ts";
import { NodeSubscriptions } from "./node-subscriptions.ts";
import type { GatewayOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import type { GatewayParts } from "./parts.ts";
import { Presence } from "./presence.ts";
import { Publications } from "./publications.ts";
import { createQueueRequests } from "./queue-requests.ts";
import { Refusals } from "./refusals.ts";
import { Reports } from "./reports.ts";
import { readRequest } from "./request-shapes.ts";
import { Requests } from "./requests.ts";
import { RetainedMessages } from "./retained.ts";
import { Routes } from "./routes.ts";
import { Uplink } from "./uplink.ts";

/** A gateway's works, put together. */
export interface Assembly {
  readonly parts: GatewayParts;
  readonly uplink: Uplink;
  readonly publications: Publications;
  readonly distribution: Distribution;
  readonly admission: Admission;
  readonly joining: Joining;
  readonly requests: Requests;
  readonly answers: Answers;
  /** How each part is at this moment. */
  readonly judge: () => BridgeHealth;
}

/** Puts a gateway together; nothing moves yet. @throws `gateway/bad-setting`, `topics/bad-name` */
export function assemble(options: GatewayOptions): Assembly {
  const judge = () => judgeHealth(parts, publications.waiting);
  const parts = assembleParts(options, judge);
  const { journal, events, reports, config, link } = parts;
  const { randomBytes } = options;

  const publications = new Publications(parts);
  const joining = new Joining({ clock: parts.clock, randomBytes, journal, events });
  const admission = new Admission(parts, joining);
  const refusals = new Refusals(reports, config.limits);
  const distribution = new Distribution(parts, (node, isFirst) => {
    if (node.isNative) native?.deliver(node);
    // One that waits behind others has been tried with them.
    else if (!config.lpmode && isFirst) classic.deliver(node);
  });

  const subscriptions = new NodeSubscriptions(parts);
  const shared = { parts, admission, publications, subscriptions, refusals };
  const native = randomBytes && new NativeDialect({ ...shared, randomBytes, joining, distribution });
  const classic = new ClassicDialects({ ...shared, downlink: distribution.downlink });
  const uplink = new Uplink(parts, refusals, native ? [native, classic] : [classic]);

  const answers = new Answers(journal);
  const requests = new Requests({
    base: config.base,
    link,
    journal,
    answers,
    reports,
    handlers: {
      ...createQueueRequests(parts, distribution),
      ...createNodeRequests(parts, distribution, admission, (address) => native?.forget(address)),
      ...createJoinRequests(joining),
      ...createChannelRequests(parts.moves),
      health(request) {
        readRequest("health", request);
        return judge();
      },
    },
  });
  return { parts, uplink, publications, distribution, admission, joining, requests, answers, judge };
}

/** What all works of a gateway share. */
function assembleParts(options: GatewayOptions, judge: () => BridgeHealth): GatewayParts {
  const { radio, client: link, store, clock, version = "unknown", log = () => {} } = options;
  const config = resolveConfig(options.config);
  const { base } = config;
  const counters = new GatewayCounters();
  const nodes = new Map<MacAddress, GatewayNode>();
  const reports = new Reports({ link, clock, config, counters: counters.reports, log });
  const journal = new Journal({
    store,
    clock,
    onFailure: (error) => {
      reports.trouble("errors", "store", () => {
        return `The store cannot be written to, and is tried again: ${messageOf(error)}`;
      });
    },
    onDefect: (error) => {
      reports.trouble("errors", "defect", () => {
        return `What followed a change met a defect of the gateway: ${messageOf(error)}`;
      });
    },
  });
  const retained = new RetainedMessages(clock, config.limits.retained_topics, {
    onChange: (topic, message) => journal.add({ type: "topic", topic, message }),
    onFull: () => noteBound({ counters, reports, config }, "retained_topics"),
  });
  const outbox = new Outbox({ link, clock, journal, counters, reports });
  const events = new Events({ link, clock, base });
  const bridge = new Bridge({
    link,
    clock,
    config,
    nodes,
    describe() {
      const { address, channel } = radio;
      return { version, address, channel, move: parts.moves.pending, config };
    },
    pages: new NodePages({ link, clock, base, nodes }),
    discovery: config.homeassistant ? new Discovery({ link, clock, base, version, nodes }) : undefined,
    judgeHealth: judge,
  });
  const parts: GatewayParts = {
    config,
    clock,
    radio,
    link,
    store,
    nodes,
    leaving: new Map(),
    retained,
    reports,
    counters,
    journal,
    outbox,
    events,
    bridge,
    moves: new ChannelMoves({
      radio,
      clock,
      journal,
      reports,
      events,
      nodes,
      onChange: () => bridge.infoChanged(),
    }),
    routes: new Routes(nodes, config.pub_all.topic),
    fates: new Fates({ config, clock, link, store, journal, outbox, counters, reports }),
    presence: new Presence({
      clock,
      nodes,
      onOverdue: (node) => tellOverdue(parts, node),
      onBack: (node) => tellBack(parts, node),
      onAsleep(node) {
        bridge.changed(node);
        node.rest();
      },
    }),
    subscriptions: new BrokerSubscriptions(link, {
      onMade(filter) {
        counters.subscriptions.add("made");
        retained.answered(filter);
      },
      onEnded(filter) {
        counters.subscriptions.add("ended");
        journal.add({ type: "setting", name: leftPrefix + filter, value: undefined });
      },
      onLeft(filter, isLeft) {
        journal.add({ type: "setting", name: leftPrefix + filter, value: isLeft ? "true" : undefined });
      },
      onRefused(filter, error) {
        counters.subscriptions.add("refused");
        retained.answered(filter);
        reports.trouble("errors", "subscription", () => `No subscription to ${filter}: ${messageOf(error)}`);
      },
    }),
  };
  return parts;
}

/** A node has not woken when it should have: everybody hears of it, and its last will is published. */
function tellOverdue({ bridge, events, reports, journal, outbox }: GatewayParts, node: GatewayNode): void {
  bridge.presenceChanged(node);
  events.tell({ type: "node_overdue", node: node.address, name: node.name });
  reports.status(`Node ${node.name} is overdue`);
  if (!node.will || node.willPublished) return;
  node.willPublished = true;
  journal.add({ type: "node", record: node.toRecord() });
  const { topic, payload, qos, retain } = node.will;
  outbox.publish({ topic, payload: fromHex(payload) ?? new Uint8Array(), qos, retain, durable: true });
}

function tellBack({ bridge, events, reports }: GatewayParts, node: GatewayNode): void {
  bridge.presenceChanged(node);
  events.tell({ type: "node_back", node: node.address, name: node.name });
  reports.status(`Node ${node.name} is back`);
}
