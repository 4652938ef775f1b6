import { readFileSync } from "node:fs";
import { messageOf } from "../base/index.ts";
import type { MqttClient, MqttClientOptions, Status } from "../mqtt/index.ts";
import { connect } from "../node/index.ts";
import type { HubConfig } from "./config-schema.ts";
import { hubErrors } from "./errors.ts";

/** Where the broker of a configuration is: the one it names, or moteq's own. */
export function brokerUrlOf({ url, host, port }: HubConfig["broker"]): string {
  return url ?? `mqtt://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/**
 * Connects to the broker of a configuration, and goes on trying for ever.
 *
 * @throws `hub/file-unreadable` for a certificate or key
 */
export function connectToBroker(
  broker: HubConfig["broker"],
  options: Partial<
    Pick<MqttClientOptions, "clean" | "clientId" | "will" | "onMessage" | "onStatus" | "offlineLimit">
  >,
): MqttClient {
  return connect(brokerUrlOf(broker), {
    keepaliveSeconds: broker.keepalive,
    ...(broker.client_id === undefined ? {} : { clientId: broker.client_id }),
    ...(broker.user === undefined ? {} : { username: broker.user }),
    ...(broker.password === undefined ? {} : { password: broker.password }),
    tls: {
      rejectUnauthorized: broker.reject_unauthorized,
      ...(broker.ca === undefined ? {} : { ca: readPem("broker.ca", broker.ca) }),
      ...(broker.cert === undefined ? {} : { cert: readPem("broker.cert", broker.cert) }),
      ...(broker.key === undefined ? {} : { key: readPem("broker.key", broker.key) }),
    },
    ...options,
  });
}

/**
 * Turns a client's status into lines for people: each trouble is said once, however often it is tried, and so is its
 * end.
 */
export function sayStatus(
  url: string,
  say: (level: "info" | "warn", text: string) => void,
): (status: Status) => void {
  let said: string | undefined;
  return (status) => {
    if (status.type === "connected") {
      say("info", `connected to the broker at ${url}`);
      said = undefined;
      return;
    }
    if (status.type !== "disconnected") return;
    const trouble = status.error ? messageOf(status.error) : "the connection ended";
    if (trouble === said) return;
    said = trouble;
    say("warn", `no broker at ${url}: ${trouble}; trying again until it answers`);
  };
}

function readPem(key: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw hubErrors.create("hub/file-unreadable", `${key}: cannot read ${path}: ${messageOf(cause)}`, {
      cause,
    });
  }
}
