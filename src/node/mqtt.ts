/**
 * The MQTT client on Node: connects by URL, over TCP, TLS or WebSocket.
 *
 * @module
 */
import { messageOf, type OpenBytePort, show } from "../base/index.ts";
import {
  keepIn,
  MqttClient,
  type MqttClientOptions,
  mqttErrors,
  reasonOf,
  type SessionStore,
} from "../mqtt/index.ts";
// Not by their index: a serial port is more to load than all of the client.
import { tcp } from "./byte-ports/tcp.ts";
import { tls, type TlsOptions } from "./byte-ports/tls.ts";
import { webSocket } from "./byte-ports/websocket.ts";
import { systemClock } from "./clock.ts";
import { systemRandom } from "./random.ts";

export {
  decodeRequest,
  encodePacket,
  keepIn,
  MemorySessionStore,
  MqttClient,
  mqttErrorMeanings,
  mqttErrors,
  openWebSocket,
  PacketReader,
  PacketWriter,
  publishStream,
  reasonNames,
  reasonOf,
  Requester,
  respond,
} from "../mqtt/index.ts";
export { openSessionStore, type SessionStoreOptions } from "./stores/session-log.ts";
export type {
  AcceptedMessage,
  AcknowledgementPacket,
  AuthPacket,
  ConnackPacket,
  ConnectPacket,
  CreateKeeper,
  DecodeRequest,
  DeliveryOptions,
  DisconnectPacket,
  Handover,
  MalformedPacket,
  MalformedReason,
  Message,
  MessageHandler,
  MqttClientOptions,
  MqttClientStats,
  MqttErrorCode,
  MqttVersion,
  OfflinePolicy,
  OutgoingPacket,
  Packet,
  PacketReaderOptions,
  PlainPacket,
  Properties,
  PropertiesOf,
  PublishOptions,
  PublishPacket,
  PublishStreamOptions,
  QoS,
  Reason,
  RequestOptions,
  SessionStore,
  Status,
  StoreChange,
  StoredMessage,
  StoredSession,
  SubackPacket,
  SubscribeOptions,
  SubscribePacket,
  Subscription,
  SubscriptionRequest,
  UnsubackPacket,
  UnsubscribePacket,
  WebSocketLike,
  WillMessage,
} from "../mqtt/index.ts";

/** The options of {@link connect}: those of the client, and of TLS. */
export interface ConnectOptions extends Partial<MqttClientOptions> {
  /** For `mqtts:` and `wss:`: whom to trust, and how to show who one is. */
  readonly tls?: TlsOptions;
  /**
   * Where the session is kept, so that what was accepted outlives the process: see {@link openSessionStore}. The store is
   * the client's from then on, and closed with it. Only with a `clientId` and `clean: false`. Default: in memory.
   */
  readonly store?: SessionStore;
}

/** The schemes of broker URLs, with the ports where brokers listen unless the URL says otherwise. */
const defaultPorts = { "mqtt:": 1883, "mqtts:": 8883, "ws:": 80, "wss:": 443 } as const;

type Scheme = keyof typeof defaultPorts;

/**
 * Connects to a broker, or to the first of several that can be reached, and keeps connected.
 *
 * User name and password may be in the URL (percent-encoded); those in the options go before.
 *
 * @example
 * const client = connect("mqtt://broker.example");
 * await client.subscribe("greenhouse/#", { qos: 1 }, ({ topic, payload }) => store(topic, payload));
 * await client.publish("greenhouse/lamp", "on", { qos: 1 });
 *
 * @param url `mqtt://`, `mqtts://`, `ws://` or `wss://`, host, and if need be port (1883, 8883, 80, 443) and path
 * @throws `mqtt/bad-option`, `topics/bad-name` (of the will)
 */
export function connect(url: string | readonly string[], options: ConnectOptions = {}): MqttClient {
  const client = createClient(url, options);
  client.start();
  return client;
}

/**
 * Makes what {@link connect} does, for whoever starts it later: what was on its way in an earlier life is published before that.
 *
 * @throws as `connect`
 */
export function createClient(url: string | readonly string[], options: ConnectOptions = {}): MqttClient {
  const urls = (typeof url === "string" ? [url] : url).map((text) => parseUrl(text));
  const { tls: tlsOptions = {}, store, ...rest } = options;
  return new MqttClient({
    open: urls.map((one) => toByteOpener(one, tlsOptions)),
    clock: systemClock,
    random: systemRandom,
    reasonOf,
    ...(store ? { keeper: keepIn(store) } : {}),
    ...credentialsOf(urls),
    ...rest,
  });
}

/**
 * What opens connections to the broker at a URL, for a client of one's own.
 *
 * @throws `mqtt/bad-option`
 */
export function openBrokerUrl(url: string, tlsOptions: TlsOptions = {}): OpenBytePort {
  return toByteOpener(parseUrl(url), tlsOptions);
}

function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw badUrl(text, messageOf(cause), cause);
  }
  if (!Object.hasOwn(defaultPorts, url.protocol)) throw badUrl(text, `unknown scheme ${url.protocol}`);
  if (url.hostname === "") throw badUrl(text, "no host");
  return url;
}

function badUrl(text: string, why: string, cause?: unknown): Error {
  const withoutPassword = text.replace(/\/\/.*@/, "//…@");
  return mqttErrors.create(
    "mqtt/bad-option",
    `a broker's URL is like mqtt://host:1883 (or mqtts:, ws:, wss:), got ${show(withoutPassword)}: ${why}`,
    { cause },
  );
}

function toByteOpener(url: URL, tlsOptions: TlsOptions): OpenBytePort {
  const scheme = url.protocol as Scheme;
  if (scheme === "ws:" || scheme === "wss:") {
    const plain = new URL(url);
    plain.username = "";
    plain.password = "";
    return webSocket({ url: plain.href, ...tlsOptions });
  }
  const target = {
    // An IPv6 address is in brackets in a URL only.
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? defaultPorts[scheme] : Number(url.port),
  };
  return scheme === "mqtts:" ? tls({ ...target, ...tlsOptions }) : tcp(target);
}

/** User name and password; one pair for all URLs, since one client is one user. */
function credentialsOf(urls: readonly URL[]): { username?: string; password?: string } {
  const pairs = new Set(urls.map((url) => `${url.username}:${url.password}`));
  pairs.delete(":");
  if (pairs.size > 1) {
    throw mqttErrors.create("mqtt/bad-option", "several URLs hold different user names or passwords");
  }
  const url = urls.find(({ username, password }) => username !== "" || password !== "");
  if (!url) return {};
  try {
    return {
      username: decodeURIComponent(url.username),
      ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
    };
  } catch (cause) {
    throw badUrl(url.href, "a % in the user name or password that is not percent-encoded", cause);
  }
}
