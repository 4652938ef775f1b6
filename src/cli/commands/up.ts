import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, Option } from "commander";
import {
  createLog,
  createSimulatedHardware,
  type Hub,
  type HubConfig,
  startBoard,
  startClimate,
  startHub,
} from "../../hub/index.ts";
import { donglePlaceForms } from "../../node/index.ts";
import { addBrokerOptions, type BrokerOptions, readConfig } from "../broker-options.ts";
import { parseWhole } from "../options.ts";
import { printLine } from "../output.ts";
import { showTraffic } from "../traffic.ts";

interface UpOptions extends BrokerOptions {
  readonly radio?: string;
  readonly port?: number;
  readonly data?: string;
  readonly classic?: "open" | "closed";
  readonly homeassistant?: boolean;
  readonly demo?: boolean;
  readonly traffic?: boolean;
}

/** `moteq up`: broker, radio and gateway, until Ctrl-C. */
export function addUpCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("up")
    .description("Runs the gateway, and a broker unless one is named, until Ctrl-C.")
    .option("--radio <link>", `virtual, udp:PORT, udp:HOST:PORT, or a dongle: ${donglePlaceForms}`)
    .option("--port <n>", "the port of moteq's own broker (default: 1883)", parseWhole(1, 65_535))
    .option("--data <folder>", "where nodes and their queues are kept; none: in memory (default: moteq-data)")
    .option(
      "--demo",
      "a simulated air with seven nodes, a climate board, a board to manage; messages tried at once, traffic shown",
    )
    .addOption(
      new Option("--classic <who>", "which classic nodes are taken: any, or those that were let in").choices([
        "open",
        "closed",
      ]),
    )
    .option("--homeassistant", "announce nodes to Home Assistant")
    .option("--traffic", "show what passes through the broker");
  addBrokerOptions(command).action(async (options: UpOptions) => {
    if (options.port !== undefined && options.broker !== undefined) {
      command.error("error: --port is for moteq's own broker, --broker names another: give one of them");
    }
    const config = readConfig(options, {
      radio: { link: options.radio ?? (options.demo ? "virtual" : undefined) },
      gateway: {
        lpmode: options.demo ? false : undefined,
        classic: options.classic,
        homeassistant: options.homeassistant,
      },
      broker: { port: options.port },
      data: options.data ?? (options.demo ? "none" : undefined),
    });
    const log = createLog(config.log);
    const hub = await startHub(config, (level, text) => log[level](text));
    const climate = options.demo
      ? startClimate(
          { ...config.broker, url: hub.brokerUrl },
          createSimulatedHardware(),
          {},
          (level, text) => {
            if (level === "warn") log.warn(text);
          },
        )
      : undefined;
    const board = options.demo ? await startDemoBoard(config, hub.brokerUrl) : undefined;
    try {
      printBanner(hub, options.demo ?? false);
      const stop = options.demo || options.traffic ? showTraffic(hub, config) : undefined;
      if (!signal.aborted) await once(signal, "abort");
      await stop?.();
    } finally {
      await board?.close();
      await climate?.close();
      await hub.close();
    }
    printLine("moteq has ended.");
  });
}

/** A board whose folder is gone when it ends. */
async function startDemoBoard(config: HubConfig, url: string): Promise<{ close(): Promise<void> }> {
  const data = mkdtempSync(join(tmpdir(), "moteq-board-"));
  const { broker, board } = config;
  const settings = { broker: { ...broker, url }, board: { ...board, data, name: "demo" } };
  const running = await startBoard(settings, undefined, () => {});
  return {
    async close() {
      await running.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

function printBanner(hub: Hub, demo: boolean): void {
  const own = hub.embedded ? " (moteq's own)" : "";
  printLine(`broker    ${hub.brokerUrl}${own}`);
  printLine(`gateway   ${hub.address} on channel ${hub.channel}, by ${hub.radio}`);
  if (hub.data !== undefined) printLine(`data      ${hub.data}`);
  if (hub.world) printLine(`nodes     ${hub.world.nodes.map(({ name }) => name).join(", ")}`);
  if (demo) {
    printLine("climate   temperature, humidity, an LED and a display, simulated too");
    printLine("board     a supervisor and its agent, with files of its own until the end");
  }
  const broker = hub.embedded && hub.brokerUrl.endsWith("127.0.0.1:1883") ? "" : ` --broker ${hub.brokerUrl}`;
  printLine("");
  printLine("Try in another terminal:");
  printLine(`  npx moteq sub '#' -v${broker}`);
  printLine(`  npx moteq pub allnodes red -q 1${broker}`);
  printLine(`  npx moteq nodes${broker}`);
  if (demo) {
    printLine(`  npx moteq join open --no-code${broker}`);
    printLine(`  npx moteq pub output on${broker}; npx moteq screen${broker}`);
    printLine(`  npx moteq board eval '2+3'${broker}`);
  }
  printLine("Ctrl-C ends it.");
  printLine("");
}
