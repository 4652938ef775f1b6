import { show } from "../base/index.ts";
import { type MacAddress, toMacAddress } from "../device/index.ts";
import { assertTopicFilter, assertTopicName } from "../topics/index.ts";
import type { ClassicDialect } from "../wire/index.ts";
import type { QoS } from "./broker-link.ts";
import type { EnergyConfig } from "./energy.ts";
import { gatewayErrors } from "./errors.ts";
import { type GatewayLimits, resolveLimits, wholeNumber } from "./limits.ts";
import { type PolicyRule, standardPriority } from "./policies.ts";

/** A topic that the gateway listens to. */
export interface TopicIn {
  readonly topic: string;
  readonly qos: QoS;
}

/** A topic that the gateway publishes to. */
export interface TopicOut extends TopicIn {
  readonly retain: boolean;
}

/** Which dialect a node speaks: found out, or set by hand. */
export type DialectSetting = "auto" | ClassicDialect;

/** What is set by hand for one node. */
export interface NodeConfig {
  /** What people call it. Default: its address. */
  readonly name?: string | undefined;
  /** Default: the gateway's `dialect`. */
  readonly dialect?: DialectSetting | undefined;
  /** How often it wakes, in seconds, 1 … a year; 0: it never sleeps. Default: as it says itself, which classic nodes cannot. */
  readonly wake?: number | undefined;
  /** How many seconds late it may be. Default: a quarter of `wake`, 30 at the least. */
  readonly wake_tolerance?: number | undefined;
}

/** The gateway's settings with every default filled in. The keys of the seed's `gwconfig.py` have its names. */
export interface GatewayConfig {
  /** Messages that wait for one node, 1 … 1,000,000. Default 10. The oldest goes when another comes. */
  readonly qlen: number;
  /**
   * `true` (default): messages wait until the node has sent something. `false`: each is tried at once when nothing
   * waits before it, and waits only if that fails.
   */
  readonly lpmode: boolean;
  /** The topic to which every node is subscribed. Default `allnodes`, QoS 1. */
  readonly pub_all: TopicIn;
  /** Where errors are reported; `false`: nowhere. Default `gw_errors`, QoS 1, not retained. */
  readonly errors: TopicOut | false;
  /** Where status is reported; `false`: nowhere. Default `gw_status`, QoS 0, not retained. */
  readonly status: TopicOut | false;
  /** A message there is answered with a report on the status topic; `false`: none is. Default `gw_query`, QoS 0. */
  readonly statreq: TopicIn | false;
  /** Whether each message to a node is told on the status topic. Default `false`. */
  readonly debug: boolean;
  /** How messages are kept for nodes, by topic: the first rule that fits holds. Default: none, so `fifo`, for ever, priority 4. */
  readonly policies: readonly PolicyRule[];
  /** Whether the fate of each message for a node is told on `moteq/<node>/fate`. Default `true`. */
  readonly fates: boolean;
  /** Whether any classic node is taken; they cannot prove who they are. Default `closed`: only those under `nodes`, and those allowed by request. */
  readonly classic: "open" | "closed";
  /** Addresses that are never taken, of whatever dialect. Default: none. */
  readonly deny: readonly MacAddress[];
  /** If there are any, only these may join, besides those under `nodes`. Default: none, so everybody whom a window or a code lets in. */
  readonly allow: readonly MacAddress[];
  /** Announces nodes to Home Assistant. Default `false`. */
  readonly homeassistant: boolean;
  /** By which currents the energy of nodes is estimated. */
  readonly energy: EnergyConfig;
  /** What a node speaks until it shows it. Default `auto`, which begins as `prototype`. */
  readonly dialect: DialectSetting;
  /** The root of moteq's own topics. Default `moteq`. */
  readonly base: string;
  readonly limits: GatewayLimits;
  /** What is set by hand, by the node's address. */
  readonly nodes: Readonly<Record<MacAddress, NodeConfig>>;
}

/** The gateway's settings as a person gives them: whatever is left out has its default. */
export interface GatewaySettings {
  readonly qlen?: number | undefined;
  readonly lpmode?: boolean | undefined;
  readonly pub_all?: PartialTopic<TopicIn> | undefined;
  readonly errors?: PartialTopic<TopicOut> | false | undefined;
  readonly status?: PartialTopic<TopicOut> | false | undefined;
  readonly statreq?: PartialTopic<TopicIn> | false | undefined;
  readonly debug?: boolean | undefined;
  readonly policies?: readonly PolicySettings[] | undefined;
  readonly fates?: boolean | undefined;
  readonly classic?: "open" | "closed" | undefined;
  readonly deny?: readonly string[] | undefined;
  readonly allow?: readonly string[] | undefined;
  readonly homeassistant?: boolean | undefined;
  readonly energy?: { readonly [Key in keyof EnergyConfig]?: number | undefined } | undefined;
  readonly dialect?: DialectSetting | undefined;
  readonly base?: string | undefined;
  readonly limits?: { readonly [Key in keyof GatewayLimits]?: number | undefined } | undefined;
  /** Addresses may be written in either case, with colons or dashes. */
  readonly nodes?: Readonly<Record<string, NodeConfig>> | undefined;
}

/** A rule of {@link GatewayConfig.policies} as a person gives it. */
export interface PolicySettings {
  /** A topic filter. */
  readonly topic: string;
  /** Default `fifo`. */
  readonly policy?: "fifo" | "latest" | undefined;
  /** Seconds, 1 … 10 years. Default: for ever. */
  readonly ttl?: number | undefined;
  /** 0 … 9. Default 4. */
  readonly priority?: number | undefined;
}

type PartialTopic<Topic extends TopicIn> = { readonly topic: string } & {
  readonly [Key in keyof Topic]?: Topic[Key] | undefined;
};

/** Fills in the defaults. @throws `gateway/bad-setting`, `topics/bad-name`: what no gateway can work with */
export function resolveConfig(settings: GatewaySettings = {}): GatewayConfig {
  const { lpmode = true, debug = false, fates = true, dialect = "auto", base = "moteq" } = settings;
  const { errors, status, statreq } = settings;
  assertTopicName(base);
  return {
    qlen: wholeNumber("qlen", settings.qlen ?? 10, 1, 1_000_000),
    lpmode,
    pub_all: topicIn(settings.pub_all ?? { topic: "allnodes" }, 1),
    errors: errors === false ? false : topicOut(errors ?? { topic: "gw_errors" }, 1),
    status: status === false ? false : topicOut(status ?? { topic: "gw_status" }, 0),
    statreq: statreq === false ? false : topicIn(statreq ?? { topic: "gw_query" }, 0),
    debug,
    policies: (settings.policies ?? []).map((rule) => resolvePolicy(rule)),
    fates,
    classic: settings.classic ?? "closed",
    deny: resolveAddresses("deny", settings.deny ?? []),
    allow: resolveAddresses("allow", settings.allow ?? []),
    homeassistant: settings.homeassistant ?? false,
    energy: { ...standardCurrents, ...withoutUndefined(settings.energy ?? {}) },
    dialect,
    base,
    limits: resolveLimits(settings.limits ?? {}),
    nodes: resolveNodes(settings.nodes ?? {}),
  };
}

function topicIn(given: PartialTopic<TopicIn>, qos: QoS): TopicIn {
  assertTopicName(given.topic);
  return { topic: given.topic, qos: wholeNumber("qos", given.qos ?? qos, 0, 2) as QoS };
}

function topicOut(given: PartialTopic<TopicOut>, qos: QoS): TopicOut {
  return { ...topicIn(given, qos), retain: given.retain ?? false };
}

/** The longest time to live, in seconds: ten years. */
export const longestTtl = 10 * 366 * 86_400;
/** The longest sleep that a wake contract can name, in seconds: a year. */
export const longestSleep = 366 * 86_400;

function resolvePolicy({
  topic,
  policy = "fifo",
  ttl,
  priority = standardPriority,
}: PolicySettings): PolicyRule {
  assertTopicFilter(topic);
  return {
    topic,
    policy,
    ttl: ttl === undefined ? undefined : wholeNumber("ttl", ttl, 1, longestTtl),
    priority: wholeNumber("priority", priority, 0, 9),
  };
}

const standardCurrents: EnergyConfig = { awake_ma: 80, sending_ma: 170, asleep_ua: 20 };

function withoutUndefined<Type extends object>(
  given: Type,
): { [Key in keyof Type]: Exclude<Type[Key], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Type]: Exclude<Type[Key], undefined>;
  };
}

function resolveAddresses(name: string, addresses: readonly string[]): MacAddress[] {
  return addresses.map((given) => {
    const address = toMacAddress(given);
    if (address) return address;
    throw gatewayErrors.create(
      "gateway/bad-setting",
      `${name} has addresses, 12 hexadecimal digits each, got ${show(given)}`,
    );
  });
}

/** The address of the node that the configuration calls so; `undefined`: it calls none so. */
export function holderOfName({ nodes }: Pick<GatewayConfig, "nodes">, name: string): MacAddress | undefined {
  return Object.keys(nodes).find((address) => nodes[address]?.name === name);
}

/** Whether nodes may be called so: a level of a topic, and none that the gateway has itself. */
export function isNodeName(name: string): boolean {
  // What turns the direction of writing lets one name look like another.
  return /^[^+#/\p{Cc}\p{Cs}\p{Bidi_Control}]{1,64}$/u.test(name) && name !== "bridge";
}

function resolveNodes(nodes: Readonly<Record<string, NodeConfig>>): Record<MacAddress, NodeConfig> {
  const entries = Object.entries(nodes).map(([given, node]) => {
    const address = toMacAddress(given);
    const { name, wake, wake_tolerance: tolerance } = node;
    if (name !== undefined && !isNodeName(name)) {
      throw gatewayErrors.create(
        "gateway/bad-setting",
        `a node's name has 1 to 64 characters, none of + # /, and is not bridge; got ${show(name)}`,
      );
    }
    if (wake !== undefined) wholeNumber("wake", wake, 0, longestSleep);
    if (tolerance !== undefined) wholeNumber("wake_tolerance", tolerance, 1, longestSleep);
    if (address) return [address, node] as const;
    throw gatewayErrors.create(
      "gateway/bad-setting",
      `nodes are named by their address, 12 hexadecimal digits, got ${show(given)}`,
    );
  });
  const names = entries.map(([address, { name }]) => name ?? address);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw gatewayErrors.create("gateway/bad-setting", `two nodes are called ${show(twice)}`);
  }
  return Object.fromEntries(entries);
}
