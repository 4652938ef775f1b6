import { type Command, InvalidArgumentError, Option } from "commander";
import { type ConfigSources, type HubConfig, loadConfig } from "../hub/index.ts";

/** The options by which every command says which broker it means. */
export interface BrokerOptions {
  readonly config?: string;
  readonly broker?: string;
  readonly user?: string;
  readonly password?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: boolean;
}

export function addBrokerOptions(command: Command): Command {
  return command
    .option("--config <file>", "the configuration file (default: moteq.yaml where there is one)")
    .option("--broker <url>", "the broker: mqtt://, mqtts://, ws:// or wss://")
    .option("-u, --user <name>", "the user name at the broker")
    .option("-P, --password <text>", "the password (better: the variable MOTEQ_BROKER_PASSWORD)")
    .option("--ca <file>", "the authority (PEM) that signed the broker's certificate")
    .option("--cert <file>", "our own certificate (PEM)")
    .option("--key <file>", "its key (PEM)")
    .option("--insecure", "accept any certificate: for experiments");
}

/** How long a command waits for the broker, in seconds. */
export function addTimeoutOption(command: Command): Command {
  const option = new Option("-W, --timeout <seconds>", "give up after so many seconds").default(10);
  return command.addOption(option.argParser(parseSeconds));
}

/** The configuration as file, environment and these options make it. */
export function readConfig(
  options: BrokerOptions,
  overrides: Readonly<Record<string, unknown>> = {},
): HubConfig {
  return loadConfig(sourcesOf(options, overrides));
}

/** Where a command's configuration comes from: file, environment, these options. */
export function sourcesOf(
  options: BrokerOptions,
  overrides: Readonly<Record<string, unknown>> = {},
): ConfigSources {
  return {
    ...(options.config === undefined ? {} : { file: options.config }),
    environment: process.env,
    overrides: {
      ...overrides,
      broker: {
        ...(overrides["broker"] as object | undefined),
        url: options.broker,
        user: options.user,
        password: options.password,
        ca: options.ca,
        cert: options.cert,
        key: options.key,
        reject_unauthorized: options.insecure ? false : undefined,
      },
    },
  };
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new InvalidArgumentError("It must be seconds, more than 0.");
}
