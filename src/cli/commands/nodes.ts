import type { Command } from "commander";
import { systemClock } from "../../node/index.ts";
import type { BridgeNode } from "../../topics/index.ts";
import { readBridge } from "../bridge.ts";
import { formatAgo, formatTable, printData, printError, printLine, toPrintable } from "../output.ts";
import { addRequestOptions, type RequestOptions } from "../request.ts";

/** `moteq nodes`: who is there. */
export function addNodesCommand(program: Command, signal: AbortSignal): void {
  addRequestOptions(program.command("nodes").description("Lists the nodes that the gateway knows.")).action(
    async (options: RequestOptions) => {
      const { value: nodes, isOnline } = await readBridge(options, "bridge/nodes", signal);
      printData(options, nodes, () => printNodes(nodes));
      if (isOnline) return;
      printError("the gateway is offline: this is what it said last");
      process.exitCode = 1;
    },
  );
}

function printNodes(nodes: readonly BridgeNode[]): void {
  if (nodes.length === 0) {
    printLine("The gateway knows no nodes yet: one is known as soon as it has sent something.");
    return;
  }
  const rows = nodes.map((node) => [
    node.node,
    toPrintable(node.name),
    node.dialect,
    node.lastSeen === null ? "never" : `${formatAgo(systemClock.now() - Date.parse(node.lastSeen))} ago`,
    node.rssi === null ? "" : `${Math.round(node.rssi)} dBm`,
    node.state,
    String(node.queued),
    Object.entries(node.counters)
      .map(([name, count]) => `${name} ${count}`)
      .join(", "),
  ]);
  const heading = ["node", "name", "dialect", "last seen", "rssi", "state", "queued", "counters"];
  for (const line of formatTable(heading, rows)) printLine(line);
}
