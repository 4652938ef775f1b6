import type { Command } from "commander";
import type { BridgeHealth } from "../../topics/index.ts";
import { addBrokerOptions, addTimeoutOption, type BrokerOptions, readConfig } from "../broker-options.ts";
import { formatTable, printLine, toPrintable } from "../output.ts";
import { askGateway } from "../request.ts";

interface AdminOptions extends BrokerOptions {
  readonly json?: boolean;
  readonly timeout: number;
}

/** `moteq allow`, `rename`, `remove`, `health`: looking after nodes and gateway. */
export function addNodeAdminCommands(program: Command, signal: AbortSignal): void {
  const asking = ({ timeout }: AdminOptions) => ({ signal, timeout });

  common(
    program
      .command("allow <address> [name]")
      .description("Lets a classic node in, or one that was denied, and calls it something."),
  ).action(async (address: string, name: string | undefined, options: AdminOptions) => {
    const request = name === undefined ? { address } : { address, name };
    const node = await askGateway(readConfig(options), "node/allow", request, asking(options));
    print(options, node, `node ${node.node} may come, and is called ${toPrintable(node.name)}`);
  });

  common(
    program.command("rename <node> <name>").description("Calls a node something else; its topics move."),
  ).action(async (node: string, name: string, options: AdminOptions) => {
    const done = await askGateway(readConfig(options), "node/rename", { node, name }, asking(options));
    print(options, done, `node ${done.node} is called ${toPrintable(done.name)}`);
  });

  common(
    program
      .command("remove <node>")
      .description("Forgets a node with all that waits for it.")
      .option("--deny", "and keep it out until it is allowed again"),
  ).action(async (node: string, { deny = false, ...options }: AdminOptions & { readonly deny?: boolean }) => {
    const done = await askGateway(readConfig(options), "node/remove", { node, deny }, asking(options));
    print(options, done, `node ${done.node} is forgotten${deny ? ", and kept out" : ""}`);
  });

  common(
    program
      .command("health")
      .description("Says how each part of the gateway is; the exit code is 1 if one has failed."),
  ).action(async (options: AdminOptions) => {
    const health = await askGateway(readConfig(options), "health", {}, asking(options));
    if (options.json) printLine(JSON.stringify(health, undefined, 2));
    else printHealth(health);
    if (health.status === "failed") process.exitCode = 1;
  });
}

function common(command: Command): Command {
  return addTimeoutOption(addBrokerOptions(command.option("--json", "as JSON")));
}

function print(options: AdminOptions, data: unknown, sentence: string): void {
  printLine(options.json ? JSON.stringify(data, undefined, 2) : sentence);
}

function printHealth({ status, ...parts }: BridgeHealth): void {
  const rows = Object.entries(parts).map(([part, { status: one, problem = "" }]) => [part, one, problem]);
  for (const line of formatTable(["part", "status", "problem"], [...rows, ["all", status, ""]]))
    printLine(line);
}
