/**
 * Topic names and filters, the trie that matches them, and the map of moteq's own topics.
 *
 * @module
 */
export { topicErrorMeanings } from "./error-meanings.ts";
export { FilterTrie, matchesFilter } from "./filter-trie.ts";
export type { QoS } from "./qos.ts";
export {
  type BridgeEvent,
  type BridgeHealth,
  type BridgeInfo,
  type BridgeLogLine,
  type BridgeNode,
  type BridgeNodeCounters,
  type BridgeState,
  type BridgeTopics,
  type HealthStatus,
  isOwnTopic,
  type NodeBackfill,
  type NodeEnergy,
  type NodeFate,
  type NodePresence,
  type NodeState,
  type PartHealth,
  type NodeTopics,
  toBridgeTopic,
  toNodeTopic,
} from "./topic-map.ts";
export {
  bridgeQuestions,
  type BridgeRequests,
  type BridgeResponse,
  type Exchange,
  type OfNode,
  type QueueAddition,
  type QueueContents,
  type QueueDrop,
  type QueueItem,
  type QueueSummary,
  toRequestTopic,
  toResponseTopic,
} from "./requests.ts";
export {
  assertTopicFilter,
  assertTopicName,
  faultOfTopicFilter,
  faultOfTopicName,
  topicErrors,
} from "./validate.ts";
