import { once } from "node:events";
import type { Command } from "commander";
import { createLog, type Hub, startHub } from "../../hub/index.ts";
import { addBrokerOptions, type BrokerOptions, readConfig } from "../broker-options.ts";
import { parseWhole } from "../options.ts";
import { printLine } from "../output.ts";
import { showTraffic } from "../traffic.ts";

interface UpOptions extends BrokerOptions {
  readonly radio?: string;
  readonly port?: number;
  readonly demo?: boolean;
  readonly traffic?: boolean;
}

/** `moteq up`: broker, radio and gateway, until Ctrl-C. */
export function addUpCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("up")
    .description("Runs the gateway, and a broker unless one is named, until Ctrl-C.")
    .option("--radio <link>", "virtual, udp:PORT or udp:HOST:PORT")
    .option("--port <n>", "the port of moteq's own broker (default: 1883)", parseWhole(1, 65_535))
    .option("--demo", "a simulated air with six nodes, each message tried at once, traffic shown")
    .option("--traffic", "show what passes through the broker");
  addBrokerOptions(command).action(async (options: UpOptions) => {
    if (options.port !== undefined && options.broker !== undefined) {
      command.error("error: --port is for moteq's own broker, --broker names another: give one of them");
    }
    const config = readConfig(options, {
      radio: { link: options.radio ?? (options.demo ? "virtual" : undefined) },
      ...(options.demo ? { gateway: { lpmode: false } } : {}),
      broker: { port: options.port },
    });
    const log = createLog(config.log);
    const hub = await startHub(config, (level, text) => log[level](text));
    try {
      printBanner(hub);
      const stop = options.demo || options.traffic ? showTraffic(hub, config) : undefined;
      if (!signal.aborted) await once(signal, "abort");
      await stop?.();
    } finally {
      await hub.close();
    }
    printLine("moteq has ended.");
  });
}

function printBanner(hub: Hub): void {
  const own = hub.embedded ? " (moteq's own)" : "";
  printLine(`broker    ${hub.brokerUrl}${own}`);
  printLine(`gateway   ${hub.address} on channel ${hub.channel}, by ${hub.radio}`);
  if (hub.world) printLine(`nodes     ${hub.world.nodes.map(({ name }) => name).join(", ")}`);
  const broker = hub.embedded && hub.brokerUrl.endsWith("127.0.0.1:1883") ? "" : ` --broker ${hub.brokerUrl}`;
  printLine("");
  printLine("Try in another terminal:");
  printLine(`  npx moteq sub '#' -v${broker}`);
  printLine(`  npx moteq pub allnodes red -q 1${broker}`);
  printLine(`  npx moteq nodes${broker}`);
  printLine("Ctrl-C ends it.");
  printLine("");
}
