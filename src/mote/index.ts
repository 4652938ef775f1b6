/**
 * The node's side of the radio dialects, over any radio: what a microcontroller would run.
 *
 * @module
 */
export type { MessageHandler, NoAnswer, NodeCount, NodeMessage, NodeOptions } from "./conversation.ts";
export { moteErrors } from "./errors.ts";
export {
  LinkNode,
  type LinkPublishOutcome,
  type ListenOptions,
  type PingOutcome,
  type PublishOptions,
  type SubscribeOptions,
  type WaitOptions,
} from "./link-node.ts";
export {
  PrototypeNode,
  type PrototypePublishOptions,
  type PrototypePublishOutcome,
} from "./prototype-node.ts";
