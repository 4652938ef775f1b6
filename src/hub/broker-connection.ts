import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Clock, messageOf, type MoteqError } from "../base/index.ts";
import type { MqttClient, MqttClientOptions, Status } from "../mqtt/index.ts";
import { createClient, systemClock, type TlsOptions } from "../node/index.ts";
import type { HubConfig } from "./config-schema.ts";
import { hubErrors } from "./errors.ts";

/** Where the broker of a configuration is: the one it names, or moteq's own. */
export function brokerUrlOf({ url, host, port }: HubConfig["broker"]): string {
  return url ?? `mqtt://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

type BrokerClientOptions = Partial<
  Pick<MqttClientOptions, "clean" | "clientId" | "will" | "onMessage" | "onStatus" | "offlineLimit">
>;

/**
 * Connects to the broker of a configuration, and goes on trying for ever.
 *
 * @throws `hub/file-unreadable` for a certificate or key
 */
export function connectToBroker(broker: HubConfig["broker"], options: BrokerClientOptions): MqttClient {
  const client = createBrokerClient(broker, options);
  client.start();
  return client;
}

/** Makes the client that `connectToBroker` starts. @throws `hub/file-unreadable` for a certificate or key */
export function createBrokerClient(broker: HubConfig["broker"], options: BrokerClientOptions): MqttClient {
  return createClient(brokerUrlOf(broker), { ...readBrokerAccess(broker), ...options });
}

/**
 * How a configuration gets into its broker, as plain data: names, passwords, certificates.
 *
 * @throws `hub/file-unreadable` for a certificate or key
 */
export function readBrokerAccess(broker: HubConfig["broker"]) {
  return {
    keepaliveSeconds: broker.keepalive,
    // moteq's own speaks nothing else than MQTT 3.1.1.
    ...(broker.mqtt5 && broker.url !== undefined ? { version: 5 as const } : {}),
    ...(broker.client_id === undefined ? {} : { clientId: broker.client_id }),
    ...(broker.user === undefined ? {} : { username: broker.user }),
    ...(broker.password === undefined ? {} : { password: broker.password }),
    tls: tlsOptionsOf(broker),
  };
}

/** Whom a configuration trusts, and how it shows who it is. @throws `hub/file-unreadable`, also where they do not fit */
export function tlsOptionsOf(broker: HubConfig["broker"]): TlsOptions {
  const ca = readPem("broker.ca", broker.ca, "certificate", readCertificate);
  const cert = readPem("broker.cert", broker.cert, "certificate", readCertificate);
  const key = readPem("broker.key", broker.key, "private key", createPrivateKey);
  // To a broker this would look as if it were away for ever.
  if (cert && key && !cert.read.checkPrivateKey(key.read)) {
    const message = `broker.key: ${broker.key} is not the key of the certificate ${broker.cert}`;
    throw hubErrors.create("hub/file-unreadable", message);
  }
  return {
    rejectUnauthorized: broker.reject_unauthorized,
    ...(ca ? { ca: ca.pem } : {}),
    ...(cert ? { cert: cert.pem } : {}),
    ...(key ? { key: key.pem } : {}),
  };
}

/** A connection that ends so soon after the broker has accepted it, in milliseconds, was taken away. */
const soonMs = 5000;
/** So many of them in a row are no accident. */
const suspicious = 3;

/**
 * Turns a client's status into lines for people: each trouble is said once, however often it is tried, and so is its
 * end.
 */
export function sayStatus(
  url: string,
  say: (level: "info" | "warn", text: string) => void,
  clock: Clock = systemClock,
): (status: Status) => void {
  let said: string | undefined;
  let connectedAt = -Infinity;
  let takenAway = 0;
  return (status) => {
    if (status.type === "connected") {
      connectedAt = clock.monotonic();
      if (takenAway < suspicious) say("info", `connected to the broker at ${url}`);
      said = undefined;
      return;
    }
    if (status.type !== "disconnected") return;
    const wasSoon = clock.monotonic() - connectedAt < soonMs;
    takenAway = wasSoon && isOthersDoing(status.error) ? takenAway + 1 : 0;
    if (takenAway > suspicious) return;
    if (takenAway === suspicious) {
      say(
        "warn",
        `the broker at ${url} accepts this connection and ends it again and again. As a rule another client has the same id: ` +
          "give each gateway its own radio.address or broker.client_id",
      );
      return;
    }
    const trouble = describeTrouble(url, status.error);
    const mayNeedTls = connectedAt === -Infinity && isOthersDoing(status.error) && /^(mqtt|ws):/.test(url);
    const text = mayNeedTls ? `${trouble}. Does it take TLS only (${url.replace(":", "s:")})?` : trouble;
    if (text === said) return;
    said = text;
    say("warn", text);
  };
}

/** Whether the broker has ended a connection, and not this end because of what came. */
function isOthersDoing(error: MoteqError | undefined): boolean {
  return !error || error.code === "mqtt/connection-lost" || error.code === "mqtt/disconnected";
}

function describeTrouble(url: string, error: MoteqError | undefined): string {
  if (!error) return `the connection to the broker at ${url} ended; trying again until it answers`;
  // OpenSSL's own words may go over several lines.
  const what = messageOf(error).trim().replaceAll(/\s+/g, " ");
  if (/certificate required/.test(what)) {
    return `the broker at ${url} asks for a certificate of ours: name it, and its key, by --cert and --key`;
  }
  switch (error.code) {
    case "mqtt/refused":
      return `the broker at ${url} refuses this client: ${what}. Check user and password; trying again until it accepts`;
    case "mqtt/connection-lost":
      return `the broker at ${url} is gone: ${what}; trying again until it answers`;
    default:
      return `no broker at ${url}: ${what}; trying again until it answers`;
  }
}

function readCertificate(pem: string): X509Certificate {
  return new X509Certificate(pem);
}

function readPem<T>(
  setting: string,
  path: string | undefined,
  kind: string,
  read: (pem: string) => T,
): { readonly pem: string; readonly read: T } | undefined {
  if (path === undefined) return undefined;
  let pem: string;
  try {
    pem = readFileSync(path, "utf8");
  } catch (cause) {
    throw hubErrors.create("hub/file-unreadable", `${setting}: cannot read ${path}: ${messageOf(cause)}`, {
      cause,
    });
  }
  try {
    return { pem, read: read(pem) };
  } catch (cause) {
    throw hubErrors.create("hub/file-unreadable", `${setting}: ${path} holds no ${kind} (PEM)`, { cause });
  }
}
