import { once } from "node:events";
import type { Command } from "commander";
import { createLog, startModem } from "../../hub/index.ts";
import { addBrokerOptions, type BrokerOptions, readConfig } from "../broker-options.ts";
import { wireHelp } from "../options.ts";
import { printLine } from "../output.ts";

interface ModemCommandOptions extends BrokerOptions {
  readonly wire: string;
  readonly network: string;
  readonly time: string;
}

/** `moteq modem`: MQTT for a host at the other end of a wire, until Ctrl-C. */
export function addModemCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("modem")
    .description("Does MQTT for a host without a network, at the other end of a wire, until Ctrl-C.")
    .requiredOption("--wire <line>", wireHelp)
    .option("--network <how>", "system, or nmcli[:DEVICE] to use the network that the host names", "system")
    .option("--time <source>", "system, or ntp:HOST[:PORT]", "system");
  addBrokerOptions(command).action(async (options: ModemCommandOptions) => {
    const config = readConfig(options);
    const log = createLog(config.log);
    const { wire, network, time } = options;
    const ownBroker = config.broker.url !== undefined;
    const modem = await startModem(config.broker, { wire, network, time, ownBroker }, (level, text) =>
      log[level](text),
    );
    try {
      printLine(`wire      ${wire}`);
      printLine(`broker    ${config.broker.url ?? "the one that the host names"}`);
      printLine("Ctrl-C ends it.");
      if (!signal.aborted) await once(signal, "abort");
    } finally {
      await modem.close();
    }
    printLine("moteq has ended.");
  });
}
