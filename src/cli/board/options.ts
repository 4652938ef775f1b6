import { isIPv6 } from "node:net";
import { type Command, Option } from "commander";
import { show } from "../../base/index.ts";
import { type HubConfig, isConfigured } from "../../hub/index.ts";
import type { MqttClient } from "../../mqtt/index.ts";
import { readPrivateKey, systemClock, systemCryptography } from "../../node/index.ts";
import { openBoard, type RemoteBoard } from "../../remote/index.ts";
import { boardTopicRule, isBoardTopic, toBoardBase } from "../../wire/index.ts";
import { addBrokerOptions, type BrokerOptions, readConfig, sourcesOf } from "../broker-options.ts";
import { cliErrors } from "../errors.ts";
import { withClient, withTimeout } from "../session.ts";

/** The options of every command to a board. */
export interface BoardOptions extends BrokerOptions {
  readonly prefix?: string;
  readonly topic?: string;
  readonly timeout?: string;
  readonly sign?: string;
  readonly dialect: "auto" | "native" | "mqrepl";
  readonly json?: boolean;
}

/** Says which board is meant, and how long to wait for it. */
export function addBoardOptions(command: Command): Command {
  return addBrokerOptions(command)
    .option("--prefix <prefix>", "the board's topics begin with it (MOTEQ_BOARD_PREFIX; default: board)")
    .option("-t, --topic <base>", "the exact base topic, instead of a prefix")
    .option(
      "-T, --timeout <seconds>",
      "give up when the board is silent for so long (default: 60, and 10 for its first answer)",
    )
    .option("--sign <file>", "sign commands with this private key (MOTEQ_SIGN)")
    .addOption(
      new Option("--dialect <kind>", "what the board runs; it is asked otherwise")
        .choices(["auto", "native", "mqrepl"])
        .default("auto"),
    )
    .option("--json", "print JSON");
}

/** Where a board is: the configuration of its broker, and its base topic there. */
export interface BoardPlace {
  readonly config: HubConfig;
  readonly base: string;
}

/**
 * Finds out which board is meant: options win over the environment (`MOTEQ_…`), that over the configuration file, and
 * only where none of them says anything, what the original program reads holds (`MQBOARD_…`).
 *
 * @throws `cli/bad-argument`, and what reading a configuration throws
 */
export function readBoardPlace(options: BoardOptions): BoardPlace {
  const sources = sourcesOf(options);
  const isSaid = (...settings: string[]) => settings.some((one) => isConfigured(sources, one));
  const broker = isSaid("broker.url", "broker.host", "broker.port") ? undefined : originalBroker();
  const config = readConfig(broker === undefined ? options : { ...options, broker });
  const original = isSaid("board.prefix") ? undefined : originalBase();
  return { config, base: givenBase(options) ?? original ?? toBoardBase(config.board.prefix) };
}

/** The broker that the original program would take from the environment. @throws `cli/bad-argument` */
function originalBroker(): string | undefined {
  const { MQBOARD_SERVER: server = "localhost", MQBOARD_PORT: port, MQBOARD_TLS: tls } = process.env;
  if (process.env["MQBOARD_SERVER"] === undefined && port === undefined && tls === undefined)
    return undefined;
  if (!isIPv6(server) && /[:/\s]|^$/.test(server)) {
    throw cliErrors.create(
      "cli/bad-argument",
      `MQBOARD_SERVER takes a host's name or address, got "${server}"; MQBOARD_PORT takes its port, MOTEQ_BROKER_URL a URL`,
    );
  }
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535))
    throw cliErrors.create("cli/bad-argument", `MQBOARD_PORT takes a port from 1 to 65535, got "${port}"`);
  const secure = tls !== undefined && !["", "0", "false", "no"].includes(tls.toLowerCase());
  const host = isIPv6(server) ? `[${server}]` : server;
  return `${secure ? "mqtts" : "mqtt"}://${host}:${port ?? (secure ? 8883 : 1883)}`;
}

/** The base topic that it would take from there. @throws `cli/bad-argument` */
function originalBase(): string | undefined {
  const { MQBOARD_TOPIC: topic, MQBOARD_PREFIX: prefix } = process.env;
  // With an empty prefix it takes plain `mqb`.
  if (topic === undefined && prefix === "") return toBoardBase("");
  return baseOf({ MQBOARD_TOPIC: topic, MQBOARD_PREFIX: prefix }, topic, prefix);
}

/** The base topic that the options name. @throws `cli/bad-argument` */
function givenBase({ prefix, topic }: BoardOptions): string | undefined {
  return baseOf({ "--topic": topic, "--prefix": prefix }, topic, prefix);
}

/** The base that a topic or else a prefix makes. @param given both, by where they come from */
function baseOf(
  given: Readonly<Record<string, string | undefined>>,
  topic: string | undefined,
  prefix: string | undefined,
): string | undefined {
  for (const [from, text] of Object.entries(given)) {
    if (text === undefined || isBoardTopic(text)) continue;
    throw cliErrors.create("cli/bad-argument", `${from} takes ${boardTopicRule}, got ${show(text)}`);
  }
  return topic ?? (prefix === undefined ? undefined : toBoardBase(prefix));
}

/** How long a broker is awaited unless options or environment say so, in milliseconds. */
const brokerMs = 60_000;

/** How long a broker or board may be silent, in milliseconds; `undefined` where nobody says so. @throws `cli/bad-argument` */
export function timeoutOf({ timeout }: BoardOptions): number | undefined {
  const text = timeout ?? process.env["MQBOARD_TIMEOUT"];
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 86_400) return seconds * 1000;
  throw cliErrors.create(
    "cli/bad-argument",
    `${timeout === undefined ? "MQBOARD_TIMEOUT" : "--timeout"} takes seconds from more than 0 to 86400, got "${text}"`,
  );
}

/** Waits until the broker has taken a client. @throws `cli/timeout`, `cli/bad-argument` */
export async function awaitBroker(
  client: MqttClient,
  options: BoardOptions,
  signal: AbortSignal,
): Promise<void> {
  const seconds = (timeoutOf(options) ?? brokerMs) / 1000;
  await client.ready(withTimeout(signal, seconds, "the broker's acceptance"));
}

/** Runs `work` with the board that the options name. */
export async function withBoard<T>(
  options: BoardOptions,
  signal: AbortSignal,
  work: (board: RemoteBoard) => Promise<T>,
): Promise<T> {
  const { config, base } = readBoardPlace(options);
  const open = prepareBoard(options, base, signal);
  return await withClient(config, async (client) => {
    const board = await open(client);
    try {
      return await work(board);
    } finally {
      await board.close();
    }
  });
}

/**
 * Reads what the options say of a board, and gives back what opens the way to it.
 *
 * @throws `cli/bad-argument`, `node/key-unreadable`; opening: `cli/timeout`, and what {@link openBoard} throws
 */
export function prepareBoard(
  options: BoardOptions,
  base: string,
  signal: AbortSignal,
): (client: MqttClient) => Promise<RemoteBoard> {
  const timeoutMs = timeoutOf(options);
  const keyFile = options.sign ?? process.env["MOTEQ_SIGN"];
  const signer = keyFile === undefined ? undefined : readPrivateKey(keyFile);
  return async (client) => {
    await awaitBroker(client, options, signal);
    const dialect = options.dialect === "auto" ? undefined : options.dialect;
    const services = { client, clock: systemClock, cryptography: systemCryptography };
    const patience = timeoutMs === undefined ? {} : { timeoutMs };
    return await openBoard({ ...services, ...patience, base, signer, dialect }, signal);
  };
}
