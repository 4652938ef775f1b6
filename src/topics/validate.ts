import { defineErrors, show, utf8Length } from "../base/index.ts";

/** The errors of names and filters; `docs/reference/errors.md` explains them. */
export const topicErrors = defineErrors({
  "topics/bad-name": { fault: "caller" },
  "topics/bad-filter": { fault: "caller" },
});

/** The longest topic in bytes of UTF-8 (MQTT 3.1.1, 1.5.3). */
const longest = 65_535;

/** What is wrong with a topic name to publish to, or `undefined` (MQTT 3.1.1, 4.7). */
export function faultOfTopicName(name: string): string | undefined {
  const fault = faultOfEither(name);
  if (fault) return fault;
  if (name.includes("+") || name.includes("#")) return "holds a wildcard (+ or #)";
  return undefined;
}

/** What is wrong with a topic filter to subscribe to, or `undefined` (MQTT 3.1.1, 4.7.1). */
export function faultOfTopicFilter(filter: string): string | undefined {
  const fault = faultOfEither(filter);
  if (fault) return fault;
  if (!filter.includes("+") && !filter.includes("#")) return undefined;
  const levels = filter.split("/");
  for (const [index, level] of levels.entries()) {
    if (level.includes("+") && level !== "+") return "has a + that does not fill its level";
    if (level.includes("#") && level !== "#") return "has a # that does not fill its level";
    if (level === "#" && index !== levels.length - 1) return "has a # that is not its last level";
  }
  return undefined;
}

/** @throws `topics/bad-name` */
export function assertTopicName(name: string): void {
  const fault = faultOfTopicName(name);
  if (fault) throw topicErrors.create("topics/bad-name", `the topic name ${show(name)} ${fault}`);
}

/** @throws `topics/bad-filter` */
export function assertTopicFilter(filter: string): void {
  const fault = faultOfTopicFilter(filter);
  if (fault) throw topicErrors.create("topics/bad-filter", `the topic filter ${show(filter)} ${fault}`);
}

function faultOfEither(topic: string): string | undefined {
  if (topic === "") return "is empty";
  if (topic.includes("\0")) return "holds a NUL";
  if (/\p{Surrogate}/u.test(topic)) return "holds half a surrogate pair";
  // A UTF-16 unit takes three bytes at the most, so that short topics need no counting.
  if (topic.length * 3 > longest && utf8Length(topic) > longest) return `is longer than ${longest} bytes`;
  return undefined;
}
