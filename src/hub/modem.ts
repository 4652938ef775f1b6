import { createHash } from "node:crypto";
import { freemem, hostname } from "node:os";
import { type LinkNetwork, Modem, systemNetwork, type TimeSource } from "../link/index.ts";
import {
  nmcliNetwork,
  ntpTime,
  openBrokerUrl,
  systemClock,
  systemRandom,
  systemTime,
} from "../node/index.ts";
import type { LinkInit } from "../wire/index.ts";
import { brokerUrlOf, tlsOptionsOf } from "./broker-connection.ts";
import type { HubConfig } from "./config-schema.ts";
import { hubErrors } from "./errors.ts";
import { openLinkWire } from "./link-wire.ts";

/** What a person says to a modem. */
export interface ModemSettings {
  /** The wire to the host, as `serial:/dev/ttyS0` or `listen:4700`. */
  readonly wire: string;
  /** `system`, `nmcli` or `nmcli:DEVICE`. */
  readonly network: string;
  /** `system` or `ntp:HOST`. */
  readonly time: string;
  /** Whether the broker is this one whatever hosts ask for; else only for those that name none. */
  readonly ownBroker: boolean;
}

/**
 * Starts a modem on a line.
 *
 * @throws `link/bad-option`, `hub/config-invalid`, `hub/file-unreadable`
 */
export async function startModem(
  broker: HubConfig["broker"],
  { wire, network, time, ownBroker }: ModemSettings,
  say: (level: "info" | "warn", text: string) => void,
): Promise<Modem> {
  let said = "";
  const once = (level: "info" | "warn", text: string) => {
    if (text !== said) say(level, text);
    said = text;
  };
  const modem = new Modem({
    // That a host goes is nothing to worry about; that the line cannot be opened is.
    wire: await openLinkWire(wire, "modem", (text, kind) =>
      once(kind === "ended" ? "info" : "warn", `the line ${wire}: ${text}; waiting for it`),
    ),
    clock: systemClock,
    random: systemRandom,
    clientId: `moteq-modem-${createHash("sha256").update(`${hostname()} ${wire}`).digest("hex").slice(0, 8)}`,
    openBroker: (init) => brokerFor(broker, ownBroker ? {} : init),
    network: parseNetwork(network),
    time: parseTime(time),
    readMemory: () => ({ free: freemem(), allocated: process.memoryUsage().rss }),
    onTrouble: (text) => once("warn", text),
    onNote: (text) => once("info", text),
  });
  modem.start();
  return modem;
}

function brokerFor(broker: HubConfig["broker"], init: LinkInit) {
  const tls = tlsOptionsOf(broker);
  if (init.broker === undefined) {
    return {
      open: openBrokerUrl(brokerUrlOf(broker), tls),
      ...(broker.user === undefined ? {} : { username: broker.user }),
      ...(broker.password === undefined ? {} : { password: broker.password }),
    };
  }
  const host = init.broker.includes(":") ? `[${init.broker}]` : init.broker;
  const port = init.port ? `:${init.port}` : "";
  const name = init.serverName === undefined ? {} : { servername: init.serverName };
  return { open: openBrokerUrl(`mqtt${init.tls ? "s" : ""}://${host}${port}`, { ...tls, ...name }) };
}

function parseNetwork(text: string): LinkNetwork {
  const [, device] = /^nmcli(?::([\w.-]+))?$/.exec(text) ?? [];
  if (text.startsWith("nmcli:") ? device !== undefined : text === "nmcli") {
    return nmcliNetwork(device === undefined ? {} : { device });
  }
  if (text === "system") return systemNetwork;
  throw badSetting("--network", "system, nmcli or nmcli:DEVICE", text);
}

function parseTime(text: string): TimeSource {
  if (text === "system") return systemTime;
  const [, host, port] = /^ntp:(.+?)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (host !== undefined) return ntpTime({ host, ...(port === undefined ? {} : { port: Number(port) }) });
  throw badSetting("--time", "system, ntp:HOST or ntp:HOST:PORT", text);
}

function badSetting(option: string, expected: string, received: string): Error {
  return hubErrors.create(
    "hub/config-invalid",
    `${option}: expected ${expected}, got ${JSON.stringify(received)}`,
  );
}
