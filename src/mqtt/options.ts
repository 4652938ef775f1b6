import {
  type BackoffOptions,
  type Clock,
  encodeUtf8,
  type OpenBytePort,
  type Random,
  randomInteger,
  show,
  utf8Length,
} from "../base/index.ts";
import { assertTopicName, type QoS } from "../topics/index.ts";
import { mqttErrors } from "./errors.ts";
import type { CreateKeeper } from "./keeper.ts";
import type { MessageHandler } from "./message.ts";
import { type ConnectPacket, type MqttVersion, packetCodes } from "./packets.ts";
import { faultOfProperties, type Properties, type PropertiesOf } from "./properties.ts";
import type { OfflinePolicy } from "./publish-queue.ts";
import type { Reason } from "./reasons.ts";
import type { Status } from "./status.ts";

/** What a client is made of. */
export interface MqttClientOptions {
  /** Opens the way to the broker; several are tried in turn. */
  readonly open: OpenBytePort | readonly OpenBytePort[];
  /**
   * Whether all ways lead to one broker, or to brokers that know the same sessions. Default `false`: each has its own, so that
   * what was in flight to one goes out anew to the next. With a store, the ways must stay in their order.
   */
  readonly sharedSessions?: boolean;
  readonly clock: Clock;
  /** For the client id and the jitter of delays. */
  readonly random: Random;
  /** Under which the broker knows the client and its session; must be its alone. Default `moteq-` and 8 hex digits. */
  readonly clientId?: string;
  /**
   * Whether every connection begins a new session. Default `true`. With `false` the broker keeps the session, with
   * messages at QoS 1 and 2 for it, while the client is away; QoS 2 is exactly once only then, since messages in
   * flight go out anew when the broker does not know them any more. With `"once"` the client's first connection ends
   * whatever session the broker still had, and from then on it is kept.
   */
  readonly clean?: boolean | "once";
  /** Which MQTT to speak: 4 for 3.1.1, 5 for 5. Default 4, which every broker understands. */
  readonly version?: MqttVersion;
  /** MQTT 5: for how long the broker keeps the session of a client that is away. Default for ever; 0 with `clean`. */
  readonly sessionExpirySeconds?: number;
  /** MQTT 5: how many topic aliases may be in use in either direction, 0 … 65,535. Default 16. */
  readonly topicAliasMaximum?: number;
  /** MQTT 5: further properties of CONNECT. */
  readonly properties?: PropertiesOf["connect"];
  /**
   * Keeps the session, so that what was accepted outlives the process too: `keepIn` a store. Only with a `clientId` and
   * `clean: false`, since the session is the broker's as much. Default: it is kept in memory alone.
   */
  readonly keeper?: CreateKeeper;
  /** Names reason codes in errors: `reasonOf`, which Node's `connect` gives. Default: they stay numbers, to save room. */
  readonly reasonOf?: (reasonCode: number) => Reason;
  readonly username?: string;
  /** Only together with `username` (MQTT 3.1.1, 3.1.2.9). */
  readonly password?: string | Uint8Array;
  /** What the broker publishes when the client goes without a goodbye. */
  readonly will?: {
    readonly topic: string;
    readonly payload: string | Uint8Array;
    /** Default 0. */
    readonly qos?: QoS;
    /** Default `false`. */
    readonly retain?: boolean;
    /** MQTT 5 only. */
    readonly properties?: PropertiesOf["will"];
  };
  /** After so many seconds without traffic the broker is asked whether it is there; 0 … 65,535, 0 for never. Default 60. */
  readonly keepaliveSeconds?: number;
  /** How long opening, and any silence of the broker while an answer is awaited, may take. Default 10,000 ms. */
  readonly responseTimeoutMs?: number;
  /** The delays between attempts to connect. Default from half a second to 30 s. */
  readonly backoff?: BackoffOptions;
  /** How many messages may wait or be in flight before `offlinePolicy` takes effect. Default 1000. */
  readonly offlineLimit?: number;
  /** Default `wait`. */
  readonly offlinePolicy?: OfflinePolicy;
  /** How many messages at QoS 1 and 2 are in flight at once, 1 … 60,000. Default 250. */
  readonly inflightLimit?: number;
  /**
   * How many incoming messages may be with their handlers before reading stops. Default 1000. A handler that awaits
   * an answer of the broker needs reading to go on: keep this above the largest burst then.
   */
  readonly incomingLimit?: number;
  /**
   * The longest packet taken from the broker, in bytes. Default 1 MiB. In MQTT 5 the broker is told, and sends nothing longer; in
   * MQTT 3.1.1 a longer message is acknowledged and let go, with the status `message-too-long`.
   */
  readonly maximumPacketBytes?: number;
  /** How often in a row the broker may close the connection on one message before that is given up. Default 5. */
  readonly refusalLimit?: number;
  /** Called once for each message that comes in, whatever subscription it came by. */
  readonly onMessage?: MessageHandler;
  /** Called with what happens to the link; must not throw. */
  readonly onStatus?: (status: Status) => void;
}

/** The options with their defaults, checked. */
export function resolveOptions(options: MqttClientOptions) {
  const {
    keepaliveSeconds = 60,
    responseTimeoutMs = 10_000,
    offlineLimit = 1000,
    inflightLimit = 250,
    incomingLimit = 1000,
    maximumPacketBytes = 1_048_576,
    refusalLimit = 5,
    clean = true,
    topicAliasMaximum = 16,
    version = 4,
    offlinePolicy = "wait",
    backoff,
  } = options;
  const { minimumMs = 500, maximumMs = 30_000, factor = 2 } = backoff ?? {};
  for (const [name, value] of Object.entries({ minimumMs, maximumMs, "factor - 1": factor - 1 })) {
    if (!(value >= 0)) throw badOption(`backoff.${name} must be 0 or more, got ${show(value)}`);
  }
  assertProperties("CONNECT", options.properties, packetCodes.connect);
  assertProperties("the will", options.will?.properties, 0);
  assertOneOf("version", version, [4, 5]);
  assertOneOf("clean", clean, [true, false, "once"]);
  assertOneOf("offlinePolicy", offlinePolicy, ["wait", "drop-oldest", "drop-newest"]);
  assertWhole("keepaliveSeconds", keepaliveSeconds, 0, 65_535);
  assertWhole("responseTimeoutMs", responseTimeoutMs, 1, 86_400_000);
  assertWhole("offlineLimit", offlineLimit, 1, Infinity);
  assertWhole("inflightLimit", inflightLimit, 1, 60_000);
  assertWhole("incomingLimit", incomingLimit, 1, Infinity);
  assertWhole("maximumPacketBytes", maximumPacketBytes, 64, 268_435_460);
  assertWhole("refusalLimit", refusalLimit, 1, Infinity);
  assertWhole("topicAliasMaximum", topicAliasMaximum, 0, 65_535);
  const connect = toConnectPacket(options, keepaliveSeconds);
  const { sessionExpirySeconds = clean === true ? 0 : 0xffff_ffff } = options;
  assertWhole("sessionExpirySeconds", sessionExpirySeconds, 0, 0xffff_ffff);
  const ways = typeof options.open === "function" ? [options.open] : [...options.open];
  if (ways.length === 0)
    throw badOption("at least one way to the broker is needed, a URL or `open`, got none");
  const receiveMaximum = Math.min(incomingLimit, 65_535);
  return {
    ways,
    sharedSessions: options.sharedSessions ?? false,
    clock: options.clock,
    random: options.random,
    connect:
      version === 4
        ? connect
        : {
            ...connect,
            version,
            properties: {
              sessionExpiryInterval: sessionExpirySeconds,
              receiveMaximum,
              maximumPacketSize: maximumPacketBytes,
              topicAliasMaximum,
              ...options.properties,
            },
          },
    clean,
    receiveMaximum: version === 4 ? undefined : (options.properties?.receiveMaximum ?? receiveMaximum),
    topicAliasMaximum,
    // A broker that keeps the session may still hold ids of the client's former life.
    firstPacketId: clean === false ? randomInteger(options.random, 1, 65_535) : 1,
    keeper: options.keeper?.bind(undefined, options),
    reasonOf: options.reasonOf,
    keepaliveMs: keepaliveSeconds * 1000,
    responseTimeoutMs,
    backoff,
    offlineLimit,
    offlinePolicy,
    inflightLimit,
    incomingLimit,
    maximumPacketBytes,
    refusalLimit,
    onMessage: options.onMessage,
    onStatus: options.onStatus,
  };
}

export type ResolvedOptions = ReturnType<typeof resolveOptions>;

function toConnectPacket(options: MqttClientOptions, keepaliveSeconds: number): ConnectPacket {
  const { clientId = createClientId(options.random), clean = true, username, password, will } = options;
  if (clientId === "" && clean !== true)
    throw badOption("a session that is kept needs a clientId, got an empty one");
  if (password !== undefined && username === undefined && options.version !== 5) {
    throw badOption("a password needs a username (MQTT 3.1.1, 3.1.2.9), got none");
  }
  for (const [name, text] of Object.entries({ clientId, username })) {
    if (text !== undefined && (text.includes("\0") || utf8Length(text) > 65_535)) {
      throw badOption(`${name} must be at most 65535 bytes without a NUL, got ${show(text)}`);
    }
  }
  if (will) {
    assertTopicName(will.topic);
    assertWhole("will.qos", will.qos ?? 0, 0, 2);
  }
  return {
    type: "connect",
    clientId,
    clean: clean === true,
    keepaliveSeconds,
    username,
    password: password === undefined ? undefined : toShortBytes("password", password),
    will: will && {
      topic: will.topic,
      payload: toShortBytes("will.payload", will.payload),
      qos: will.qos ?? 0,
      retain: will.retain ?? false,
      properties: will.properties,
    },
  };
}

function createClientId(random: Random): string {
  const digits = Math.floor(random.next() * 0x1_0000_0000);
  return `moteq-${digits.toString(16).padStart(8, "0")}`;
}

/** Bytes whose length fits into the two bytes that CONNECT has for it. */
function toShortBytes(name: string, value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === "string" ? encodeUtf8(value) : value;
  if (bytes.length > 65_535) throw badOption(`${name} must be at most 65535 bytes, got ${bytes.length}`);
  return bytes;
}

export function assertWhole(name: string, value: number, minimum: number, maximum: number): void {
  if ((Number.isInteger(value) || value === maximum) && value >= minimum && value <= maximum) return;
  const range = maximum === Infinity ? `${minimum} or more` : `${minimum} … ${maximum}`;
  throw badOption(`${name} must be a whole number, ${range}, got ${String(value)}`);
}

function assertProperties(whose: string, properties: Properties = {}, where: number): void {
  const fault = faultOfProperties(properties, where);
  if (fault) throw badOption(`${whose} ${fault}`);
}

/** @throws `mqtt/bad-option` */
export function assertOneOf<T>(name: string, value: T, values: readonly T[]): void {
  if (values.includes(value)) return;
  throw badOption(`${name} must be ${values.map((one) => show(one)).join(" or ")}, got ${show(value)}`);
}

function badOption(message: string): Error {
  return mqttErrors.create("mqtt/bad-option", message);
}
