import { matchesFilter } from "../topics/index.ts";

/** How messages on a topic are kept for nodes. */
export interface QueuePolicy {
  /** `fifo`: each is delivered. `latest`: a newer one takes the place of those on its topic. */
  readonly policy: "fifo" | "latest";
  /** For how long a message is worth delivering, in seconds; `undefined`: for ever. */
  readonly ttl: number | undefined;
  /** 0 … 9: those of a higher one are delivered first and dropped last. */
  readonly priority: number;
}

/** A policy for the topics of a filter. */
export interface PolicyRule extends QueuePolicy {
  /** A topic filter, as in MQTT. */
  readonly topic: string;
}

/** The priority of a message for which none is set. */
export const standardPriority = 4;

const standardPolicy: QueuePolicy = { policy: "fifo", ttl: undefined, priority: standardPriority };

/** The policy of a topic: that of the first rule that it matches. */
export function choosePolicy(rules: readonly PolicyRule[], topic: string): QueuePolicy {
  return rules.find((rule) => matchesFilter(rule.topic, topic)) ?? standardPolicy;
}
