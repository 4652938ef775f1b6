import * as v from "valibot";
import { toMacAddress } from "../device/index.ts";
import {
  type GatewayConfig,
  type GatewayLimits,
  isNodeName,
  limitRanges,
  longestSleep,
  longestTtl,
} from "../gateway/index.ts";
import { donglePlaceForms, isDonglePlace } from "../node/index.ts";
import { boardLogLevels, boardTopicRule, isBoardTopic } from "../wire/index.ts";

// Each message completes the sentence "expected …". Keys are the seed's where it has them (`qlen`, `lpmode`, `pub_all`,
// `errors`, `status`, `statreq`, `debug`), and snake case like those where it has none.

function whole(minimum: number, maximum: number) {
  const message = `a whole number from ${minimum} to ${maximum}`;
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(minimum, message),
    v.maxValue(maximum, message),
  );
}

function matching(pattern: RegExp, message: string) {
  return v.pipe(v.string(message), v.regex(pattern, message));
}

const flag = v.boolean("true or false");
const text = v.pipe(v.string("a text"), v.nonEmpty("a text that is not empty"));
const qos = v.picklist([0, 1, 2], "0, 1 or 2");
const topicName = matching(/^[^+#\0]+$/, "a topic without wildcards (+ or #)");
const dialect = v.picklist(["auto", "prototype", "link"], "auto, prototype or link");
const address = v.pipe(
  v.string("a radio address: 12 hexadecimal digits"),
  v.check((given) => toMacAddress(given) !== undefined, "a radio address: 12 hexadecimal digits"),
  v.transform((given) => toMacAddress(given) ?? given),
);

/** A topic that the gateway listens to. */
const topicIn = v.strictObject({ topic: topicName, qos: v.optional(qos) });
/** A topic that the gateway publishes to; `false` switches it off. */
const topicOut = v.union(
  [v.literal(false), v.strictObject({ topic: topicName, retain: v.optional(flag), qos: v.optional(qos) })],
  "false, or a topic with retain and qos",
);

const broker = v.strictObject({
  url: v.optional(
    matching(/^(mqtts?|wss?):\/\/\S+$/, "a URL that begins with mqtt://, mqtts://, ws:// or wss://"),
  ),
  host: v.optional(text, "127.0.0.1"),
  port: v.optional(whole(1, 65_535), 1883),
  user: v.optional(text),
  password: v.optional(text),
  client_id: v.optional(text),
  keepalive: v.optional(whole(0, 65_535), 60),
  mqtt5: v.optional(flag, false),
  ca: v.optional(text),
  cert: v.optional(text),
  key: v.optional(text),
  reject_unauthorized: v.optional(flag, true),
});

const radioLinks = `virtual, or udp:PORT, or udp:HOST:PORT with a port from 0 to 65535, or a dongle: ${donglePlaceForms}`;

function isRadioLink(given: string): boolean {
  const [, port] = /^udp:(?:[^\s:]+:)?(\d{1,5})$/.exec(given) ?? [];
  return given === "virtual" || isDonglePlace(given) || Number(port) <= 65_535;
}

const radioLink = v.pipe(v.string(radioLinks), v.check(isRadioLink, radioLinks));
const radioList = "a list of different links, without virtual";
/** Several radios that work as one. */
const radioGroup = v.pipe(
  v.array(radioLink, radioLinks),
  v.minLength(1, radioList),
  v.check((links) => new Set(links).size === links.length && !links.includes("virtual"), radioList),
);

const radio = v.strictObject({
  link: v.optional(v.union([radioLink, radioGroup], `${radioLinks}, or a list of such links`)),
  address: v.optional(address),
  channel: v.optional(whole(1, 14), 1),
  access_point: v.optional(flag, false),
  long_range: v.optional(flag, false),
  power: v.optional(whole(2, 20)),
});

// The gateway's own defaults are the gateway's: `resolveConfig` fills them in.
const limits = v.strictObject(
  Object.fromEntries(
    Object.entries(limitRanges).map(([name, [, from, to]]) => [name, v.optional(whole(from, to))]),
  ) as Record<keyof GatewayLimits, v.OptionalSchema<ReturnType<typeof whole>, undefined>>,
);

const policy = v.strictObject({
  topic: matching(/^[^\0]+$/, "a topic filter"),
  policy: v.optional(v.picklist(["fifo", "latest"], "fifo or latest")),
  ttl: v.optional(whole(1, longestTtl)),
  priority: v.optional(whole(0, 9)),
});

const current = v.pipe(
  v.number("a number from 0 to 10000"),
  v.minValue(0, "a number from 0 to 10000"),
  v.maxValue(10_000, "a number from 0 to 10000"),
);

const gateway = v.strictObject({
  qlen: v.optional(whole(1, 1_000_000)),
  lpmode: v.optional(flag),
  pub_all: v.optional(topicIn),
  errors: v.optional(topicOut),
  status: v.optional(topicOut),
  statreq: v.optional(v.union([v.literal(false), topicIn], "false, or a topic with qos")),
  debug: v.optional(flag),
  policies: v.optional(v.array(policy, "a list of rules, each with a topic")),
  fates: v.optional(flag),
  classic: v.optional(v.picklist(["open", "closed"], "open or closed")),
  allow: v.optional(v.array(address, "a list of radio addresses")),
  deny: v.optional(v.array(address, "a list of radio addresses")),
  homeassistant: v.optional(flag),
  energy: v.optional(
    v.strictObject({
      awake_ma: v.optional(current),
      sending_ma: v.optional(current),
      asleep_ua: v.optional(current),
    }),
  ),
  dialect: v.optional(dialect),
  base: v.optional(topicName),
  limits: v.optional(limits),
});

const nodeName = "a name of 1 to 64 characters without +, # and /, and not bridge";

const node = v.strictObject({
  name: v.optional(
    v.pipe(
      v.string(nodeName),
      v.check((given) => isNodeName(given), nodeName),
    ),
  ),
  dialect: v.optional(dialect),
  wake: v.optional(whole(0, longestSleep)),
  wake_tolerance: v.optional(whole(1, longestSleep)),
});

const nodes = v.pipe(
  v.record(v.string(), v.unknown(), "a section with the addresses of nodes"),
  v.check((given) => {
    const addresses = Object.keys(given).map((one) => toMacAddress(one) ?? one);
    return new Set(addresses).size === addresses.length;
  }, "each node once"),
  v.record(address, node),
);

const log = v.strictObject({
  level: v.optional(
    v.picklist(["debug", "info", "warn", "error", "silent"], "debug, info, warn, error or silent"),
    "info",
  ),
  format: v.optional(v.picklist(["text", "json"], "text or json"), "text"),
});

function seconds(minimum: number) {
  const message = `seconds from ${minimum} to 86400`;
  return v.pipe(v.number(message), v.minValue(minimum, message), v.maxValue(86_400, message));
}
const logLevel = v.picklist(boardLogLevels, "debug, info, warning, error, critical or none");
const publicKey = matching(
  /^[0-9a-f]{64}$/,
  "a public key of 64 hexadecimal digits, as `moteq board key` prints it",
);

const moduleSection = "a section with modules and what each is told, as `./blink.mjs: {}`, not a list";
/** To a record a list would be a section too, with the keys 0, 1, … */
const modules = v.pipe(
  v.custom<Record<string, unknown>>(
    (given) => typeof given === "object" && given !== null && !Array.isArray(given),
    moduleSection,
  ),
  v.record(text, v.unknown()),
);

const board = v.strictObject({
  prefix: v.optional(
    v.pipe(
      v.string(boardTopicRule),
      v.check((given) => isBoardTopic(given), boardTopicRule),
    ),
    "board",
  ),
  name: v.optional(text),
  data: v.optional(text, "moteq-board"),
  root: v.optional(text),
  keys: v.optional(v.array(publicKey, "a list of public keys"), []),
  modules: v.optional(modules, {}),
  safe_modules: v.optional(v.array(text, "a list of modules, as `[./blink.mjs]`"), []),
  log: v.optional(
    v.strictObject({ console: v.optional(logLevel, "info"), mqtt: v.optional(logLevel, "info") }),
    {},
  ),
  watchdog: v.optional(
    v.strictObject({
      // From the start of its process to the first feed a small machine takes some seconds.
      timeout: v.optional(seconds(10), 120),
      confirm: v.optional(seconds(0), 180),
      // Signs of life come each second, but an evaluation may compute for five.
      hang: v.optional(seconds(10), 30),
      failed_boots: v.optional(whole(1, 100), 1),
      trial_boots: v.optional(whole(1, 100), 2),
      revert: v.optional(flag, true),
      device: v.optional(text),
    }),
    {},
  ),
});

/** What `moteq.yaml` may hold. `docs/reference/configuration.md` explains each key. */
export const configSchema = v.strictObject({
  broker: v.optional(broker, {}),
  radio: v.optional(radio, {}),
  gateway: v.optional(gateway, {}),
  nodes: v.optional(nodes, {}),
  board: v.optional(board, {}),
  data: v.optional(text, "moteq-data"),
  log: v.optional(log, {}),
});

/** The configuration with every default filled in. */
export type HubConfig = Omit<v.InferOutput<typeof configSchema>, "gateway" | "nodes"> & {
  readonly gateway: GatewayConfig;
};

/** Whether a configuration speaks MQTT 5 with its broker: moteq's own speaks nothing else than MQTT 3.1.1. */
export function speaksMqtt5({ mqtt5, url }: HubConfig["broker"]): boolean {
  return mqtt5 && url !== undefined;
}
