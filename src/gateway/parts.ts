import type { Clock } from "../base/index.ts";
import type { MacAddress, Radio } from "../device/index.ts";
import type { Bridge } from "./bridge.ts";
import type { ChannelMoves } from "./channel-moves.ts";
import type { BrokerLink } from "./broker-link.ts";
import type { BrokerSubscriptions } from "./broker-subscriptions.ts";
import type { GatewayConfig } from "./config.ts";
import type { GatewayCounters } from "./counters.ts";
import type { Events } from "./events.ts";
import type { Fates } from "./fates.ts";
import type { Journal } from "./journal.ts";
import type { GatewayNode } from "./node.ts";
import type { Outbox } from "./outbox.ts";
import type { Presence } from "./presence.ts";
import type { Reports } from "./reports.ts";
import type { RetainedMessages } from "./retained.ts";
import type { Routes } from "./routes.ts";
import type { GatewayStore } from "./store.ts";

/** What the two directions of a gateway share. */
export interface GatewayParts {
  readonly config: GatewayConfig;
  readonly clock: Clock;
  readonly radio: Radio;
  readonly link: BrokerLink;
  readonly store: GatewayStore;
  readonly nodes: Map<MacAddress, GatewayNode>;
  /** Those that are no more, while the store still has something of them: who comes with such an address goes on with its numbers. */
  readonly leaving: Map<MacAddress, GatewayNode>;
  readonly routes: Routes;
  readonly retained: RetainedMessages;
  readonly subscriptions: BrokerSubscriptions;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly presence: Presence;
  readonly moves: ChannelMoves;
  readonly events: Events;
  readonly fates: Fates;
  readonly reports: Reports;
  readonly bridge: Bridge;
  readonly counters: GatewayCounters;
}
