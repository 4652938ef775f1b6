import { faultOfTopicFilter, faultOfTopicName, isOwnTopic } from "../topics/index.ts";

// A broker may end the connection for a topic that it does not like, and would do so again each time the message is
// repeated: one frame would keep the gateway out for good. So nodes may use only what every broker takes.

/** Brokers end the connection for deeper topics: aedes beyond 100 levels, mosquitto beyond 200. */
const maximumLevels = 100;

/** Control characters and non-characters, for which a receiver may close the connection (MQTT 3.1.1, 1.5.3). */
const unfit = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;

/** Why a node may not publish to a topic; `undefined` if it may. `base` is the root of the gateway's own. */
export function faultOfPublishTopic(topic: string, base: string): "bad-topic" | "reserved-topic" | undefined {
  if (faultOfTopicName(topic) !== undefined || !isFit(topic)) return "bad-topic";
  if (topic.startsWith("$SYS/") || isOwnTopic(base, topic)) return "reserved-topic";
  return undefined;
}

/** Why a node may not subscribe to a filter; `undefined` if it may. */
export function faultOfSubscribeFilter(filter: string): "bad-topic" | "reserved-topic" | undefined {
  if (faultOfTopicFilter(filter) !== undefined || !isFit(filter)) return "bad-topic";
  // A shared subscription's messages come under another name, so no node would ever get them.
  return filter.startsWith("$share/") ? "reserved-topic" : undefined;
}

function isFit(topic: string): boolean {
  return !unfit.test(topic) && countLevels(topic) <= maximumLevels;
}

function countLevels(topic: string): number {
  let levels = 1;
  for (let at = topic.indexOf("/"); at >= 0; at = topic.indexOf("/", at + 1)) levels++;
  return levels;
}
