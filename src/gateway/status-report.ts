import { formatSpan } from "../base/index.ts";
import type { BridgeNode } from "../topics/index.ts";
import type { GatewayCounts } from "./counters.ts";

/** How many nodes have a line of their own. */
const maximumLines = 50;

/** The whole state of a gateway, as plain JSON. */
export interface GatewayReport {
  readonly address: string;
  readonly channel: number;
  /** Whether the broker is there. */
  readonly connected: boolean;
  /** Milliseconds since the start. */
  readonly uptimeMs: number;
  /** Messages of nodes that wait for the broker. */
  readonly waitingUplinks: number;
  readonly counters: GatewayCounts;
  readonly nodes: readonly BridgeNode[];
}

/** The lines that answer a status request: a summary, then one for each of the first 50 nodes. */
export function writeStatusReport(report: GatewayReport, now: number): string[] {
  const { nodes, counters } = report;
  const received = sum(Object.values(counters.frames));
  const queued = sum(nodes.map((node) => node.queued));
  const summary =
    `Gateway ${report.address} channel ${report.channel} up ${formatSpan(report.uptimeMs)}: ${nodes.length} nodes, ` +
    `${received} frames received, ${report.waitingUplinks} messages wait for the broker, ${queued} for nodes`;
  const lines = nodes.slice(0, maximumLines).map((node) => describe(node, now));
  const more = nodes.length - lines.length;
  return [summary, ...lines, ...(more > 0 ? [`and ${more} more nodes`] : [])];
}

function describe(node: BridgeNode, now: number): string {
  const called = node.name === node.node ? node.node : `${node.node} (${node.name})`;
  const seen =
    node.lastSeen === null ? "not seen yet" : `seen ${formatSpan(now - Date.parse(node.lastSeen))} ago`;
  const strength = node.rssi === null ? "" : ` at ${node.rssi} dBm`;
  return `Node ${called} ${node.dialect} ${node.state}, ${seen}${strength}, ${node.queued} queued`;
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
