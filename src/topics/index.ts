/**
 * Topic names and filters, the trie that matches them, and the map of moteq's own topics.
 *
 * @module
 */
export { topicErrorMeanings } from "./error-meanings.ts";
export { FilterTrie, matchesFilter } from "./filter-trie.ts";
export type { QoS } from "./qos.ts";
export {
  type BridgeInfo,
  type BridgeNode,
  type BridgeNodeCounters,
  type BridgeState,
  type BridgeTopics,
  toBridgeTopic,
} from "./topic-map.ts";
export {
  assertTopicFilter,
  assertTopicName,
  faultOfTopicFilter,
  faultOfTopicName,
  topicErrors,
} from "./validate.ts";
