import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { messageOf } from "../base/index.ts";
import type { MqttClient, MqttClientOptions } from "../mqtt/index.ts";
import { createClient, type TlsOptions } from "../node/index.ts";
import { type HubConfig, speaksMqtt5 } from "./config-schema.ts";
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
    ...(speaksMqtt5(broker) ? { version: 5 as const } : {}),
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
