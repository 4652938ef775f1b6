import { type Command, Option } from "commander";
import type { HubConfig } from "../../hub/index.ts";
import { readPrivateKey, systemClock, systemCryptography } from "../../node/index.ts";
import { openBoard, type RemoteBoard } from "../../remote/index.ts";
import { toBoardBase } from "../../wire/index.ts";
import { addBrokerOptions, type BrokerOptions, readConfig } from "../broker-options.ts";
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

/** Says which board is meant, and how long to wait for it. Environment variables of the original program hold too. */
export function addBoardOptions(command: Command): Command {
  return addBrokerOptions(command)
    .option("--prefix <prefix>", "the board's topics begin with it (MOTEQ_BOARD_PREFIX; default: board)")
    .option("-t, --topic <base>", "the exact base topic, instead of a prefix")
    .option("-T, --timeout <seconds>", "give up when the board is silent for so long (default: 60)")
    .option("--sign <file>", "sign commands with this private key (MOTEQ_SIGN)")
    .addOption(
      new Option("--dialect <kind>", "what the board runs; it is asked otherwise")
        .choices(["auto", "native", "mqrepl"])
        .default("auto"),
    )
    .option("--json", "print JSON");
}

/** The configuration of the broker, with what the original program reads from the environment where nothing else says it. */
export function readBoardConfig(options: BrokerOptions): HubConfig {
  const { MQBOARD_SERVER: server, MQBOARD_PORT: port, MQBOARD_TLS: tls, MOTEQ_BROKER_URL: url } = process.env;
  const says = server !== undefined || port !== undefined || tls !== undefined;
  if (says && url === undefined && options.broker === undefined) {
    const secure = tls !== undefined && !["", "0", "false", "no"].includes(tls.toLowerCase());
    const scheme = secure ? "mqtts" : "mqtt";
    return readConfig({
      ...options,
      broker: `${scheme}://${server ?? "localhost"}:${port ?? (secure ? 8883 : 1883)}`,
    });
  }
  return readConfig(options);
}

/** The base topic that options, environment and configuration name. */
export function baseOf({ prefix, topic }: BoardOptions, config: HubConfig): string {
  const { MOTEQ_BOARD_PREFIX, MQBOARD_PREFIX, MQBOARD_TOPIC } = process.env;
  for (const [option, given] of [["--topic", topic] as const, ["--prefix", prefix] as const]) {
    if (given !== undefined && !/^[^+#\0]+$/.test(given)) {
      throw cliErrors.create(
        "cli/bad-argument",
        `${option} takes a topic without wildcards (+ or #), got "${given}"`,
      );
    }
  }
  if (topic !== undefined) return topic;
  if (prefix !== undefined) return toBoardBase(prefix);
  if (MOTEQ_BOARD_PREFIX === undefined && MQBOARD_TOPIC !== undefined) return MQBOARD_TOPIC;
  return toBoardBase(MOTEQ_BOARD_PREFIX ?? MQBOARD_PREFIX ?? config.board.prefix);
}

/** How long a board may be silent, in milliseconds. */
export function timeoutOf({ timeout }: BoardOptions): number {
  const text = timeout ?? process.env["MQBOARD_TIMEOUT"] ?? "60";
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 86_400) return seconds * 1000;
  throw cliErrors.create(
    "cli/bad-argument",
    `--timeout takes seconds from more than 0 to 86400, got "${text}"`,
  );
}

/** Runs `work` with the board that the options name. */
export async function withBoard<T>(
  options: BoardOptions,
  signal: AbortSignal,
  work: (board: RemoteBoard) => Promise<T>,
): Promise<T> {
  const config = readBoardConfig(options);
  const timeoutMs = timeoutOf(options);
  const base = baseOf(options, config);
  const keyFile = options.sign ?? process.env["MOTEQ_SIGN"];
  const signer = keyFile === undefined ? undefined : readPrivateKey(keyFile);
  return await withClient(config, async (client) => {
    await client.ready(withTimeout(signal, timeoutMs / 1000, "the broker's acceptance"));
    const dialect = options.dialect === "auto" ? undefined : options.dialect;
    const services = { client, clock: systemClock, cryptography: systemCryptography };
    const board = await openBoard({ ...services, base, timeoutMs, signer, dialect }, signal);
    try {
      return await work(board);
    } finally {
      await board.close();
    }
  });
}
