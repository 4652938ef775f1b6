import type { Command } from "commander";
import { decodeUtf8 } from "../../base/index.ts";
import { systemClock } from "../../node/index.ts";
import { type BridgeNode, toBridgeTopic } from "../../topics/index.ts";
import { readConfig } from "../broker-options.ts";
import { formatAgo, formatTable, printData, printLine, toPrintable } from "../output.ts";
import { addRequestOptions, type RequestOptions } from "../request.ts";
import { withClient, withTimeout } from "../session.ts";

/** `moteq nodes`: who is there. */
export function addNodesCommand(program: Command, signal: AbortSignal): void {
  addRequestOptions(program.command("nodes").description("Lists the nodes that the gateway knows.")).action(
    async (options: RequestOptions) => {
      const config = readConfig(options);
      const nodes = await withClient(config, async (client) => {
        const limited = withTimeout(signal, options.timeout, "the gateway's list of nodes");
        return new Promise<BridgeNode[]>((resolve, reject) => {
          limited.addEventListener("abort", () => reject(limited.reason));
          const topic = toBridgeTopic(config.gateway.base, "bridge/nodes");
          client
            .subscribe(topic, { signal: limited }, ({ payload }) => {
              resolve(JSON.parse(decodeUtf8(payload) ?? "[]") as BridgeNode[]);
            })
            .catch(reject);
        });
      });
      printData(options, nodes, () => printNodes(nodes));
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
