/**
 * The node's side of the radio dialects, over any radio: what a microcontroller would run.
 *
 * @module
 */
export type {
  ClassicNode,
  ListenOptions,
  PublishOptions,
  SubscribeOptions,
  WaitOptions,
} from "./classic-node.ts";
export type { MessageHandler, NoAnswer, NodeCount, NodeMessage, NodeOptions } from "./conversation.ts";
export { moteErrors } from "./errors.ts";
export { LinkNode, type LinkPublishOutcome, type PingOutcome } from "./link-node.ts";
export type { NativeNodeCount } from "./native-end.ts";
export type { NativeNodeMessage } from "./native-inbox.ts";
export { NativeNode } from "./native-node.ts";
export type {
  NativeExchange,
  NativeListenOptions,
  NativeMessageHandler,
  NativeNodeOptions,
  NativeOutcome,
  NativePublishOptions,
  ReadingOptions,
} from "./native-options.ts";
export type {
  NativeNodeState,
  NativeSessionState,
  OutboxEntry,
  OutgoingItem,
  OutgoingMessage,
} from "./native-state.ts";
export {
  PrototypeNode,
  type PrototypePublishOptions,
  type PrototypePublishOutcome,
} from "./prototype-node.ts";
