import type { Command } from "commander";
import type { BridgeHealth } from "../../topics/index.ts";
import { readBridge } from "../bridge.ts";
import { cliErrors } from "../errors.ts";
import { formatTable, printData, printLine, toPrintable } from "../output.ts";
import { addRequestOptions, askGateway, type RequestOptions } from "../request.ts";

/** `moteq allow`, `rename`, `remove`, `health`: looking after nodes and gateway. */
export function addNodeAdminCommands(program: Command, signal: AbortSignal): void {
  addRequestOptions(
    program
      .command("allow <address> [name]")
      .description("Lets a classic node in, or one that was denied, and calls it something."),
  ).action(async (address: string, name: string | undefined, options: RequestOptions) => {
    const request = name === undefined ? { address } : { address, name };
    const node = await askGateway(options, "node/allow", request, signal);
    printData(options, node, `node ${node.node} may come, and is called ${toPrintable(node.name)}`);
  });

  addRequestOptions(
    program.command("rename <node> <name>").description("Calls a node something else; its topics move."),
  ).action(async (node: string, name: string, options: RequestOptions) => {
    const done = await askGateway(options, "node/rename", { node, name }, signal);
    printData(options, done, `node ${done.node} is called ${toPrintable(done.name)}`);
  });

  addRequestOptions(
    program
      .command("remove <node>")
      .description("Forgets a node with all that waits for it.")
      .option("--deny", "and keep it out until it is allowed again"),
  ).action(
    async (node: string, { deny = false, ...options }: RequestOptions & { readonly deny?: boolean }) => {
      const done = await askGateway(options, "node/remove", { node, deny }, signal);
      printData(options, done, `node ${done.node} is forgotten${deny ? ", and kept out" : ""}`);
    },
  );

  addRequestOptions(
    program
      .command("health")
      .description("Says how each part of the gateway is; the exit code is 1 if one has failed."),
  ).action(async (options: RequestOptions) => {
    const { isOnline } = await readBridge(options, "bridge/state", signal);
    if (!isOnline)
      throw cliErrors.create("cli/offline", "the gateway is offline: it has ended, or has lost this broker");
    const health = await askGateway(options, "health", {}, signal);
    printData(options, health, () => printHealth(health));
    if (health.status === "failed") process.exitCode = 1;
  });
}

function printHealth({ status, ...parts }: BridgeHealth): void {
  const rows = Object.entries(parts).map(([part, { status: one, problem = "" }]) => [part, one, problem]);
  for (const line of formatTable(["part", "status", "problem"], [...rows, ["all", status, ""]]))
    printLine(line);
}
