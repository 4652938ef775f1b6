/**
 * The gateway between radio nodes and an MQTT broker: nodes, routes, queues, reports.
 *
 * @module
 */
export { type BridgeWill, createBridgeWill } from "./bridge.ts";
export type { BrokerLink, BrokerMessage, LinkSubscription, QoS } from "./broker-link.ts";
export {
  isNodeName,
  longestSleep,
  longestTtl,
  type DialectSetting,
  type GatewayConfig,
  type GatewaySettings,
  type NodeConfig,
  type PolicySettings,
  resolveConfig,
  type TopicIn,
  type TopicOut,
} from "./config.ts";
export type { DeliveryOutcome, FrameOutcome, GatewayCounts, MessageOutcome, Refusal } from "./counters.ts";
export { gatewayErrors } from "./errors.ts";
export { digestText } from "./digest.ts";
export { Gateway } from "./gateway.ts";
export type { GatewayOptions } from "./options.ts";
export { type GatewayLimits, limitRanges } from "./limits.ts";
export { MemoryStore } from "./memory-store.ts";
export { summarizeMessage } from "./node-queue.ts";
export type { PolicyRule, QueuePolicy } from "./policies.ts";
export { RadioGroup, type RadioGroupOptions } from "./radio-group.ts";
export type { GatewayLog } from "./reports.ts";
export type { GatewayReport } from "./status-report.ts";
export {
  type GatewayStore,
  lostNode,
  type NodeRecord,
  type QueuedMessage,
  type QueueEntry,
  type StoreChange,
  type StoredNode,
  type StoredState,
  type StoredUplink,
} from "./store.ts";
