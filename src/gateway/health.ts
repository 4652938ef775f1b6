import type { BridgeHealth, HealthStatus, PartHealth } from "../topics/index.ts";
import type { GatewayParts } from "./parts.ts";

/** With more than this share of its room taken, something degrades. */
const tightShare = 0.5;

const ok: PartHealth = { status: "ok" };

/** How each part of a gateway is at this moment. */
export function judgeHealth(parts: GatewayParts, waitingUplinks: number): BridgeHealth {
  const mqtt = judgeMqtt(parts, waitingUplinks);
  const radio = judgeRadio(parts);
  const queue = judgeQueue(parts);
  const journal = judgeJournal(parts);
  const status = worstOf([mqtt, radio, queue, journal]);
  return { status, mqtt, radio, queue, journal };
}

function judgeMqtt({ link, config }: GatewayParts, waiting: number): PartHealth {
  const { uplinks } = config.limits;
  if (!link.connected) return failed(`the broker is out; ${waiting} messages of nodes wait for it`);
  if (waiting > uplinks * tightShare)
    return degraded(`${waiting} of ${uplinks} messages wait for the broker`);
  return ok;
}

function judgeRadio({ radio }: GatewayParts): PartHealth {
  if (radio.problem !== undefined) return failed(radio.problem);
  return radio.degraded === undefined ? ok : degraded(radio.degraded);
}

function judgeQueue({ nodes, config, journal }: GatewayParts): PartHealth {
  if (journal.overloaded) return failed("nothing more is queued: the store does not keep up");
  let full = 0;
  // One that is full by its bytes has room for a short message, as a rule: it had to be said.
  for (const node of nodes.values()) if (node.queue.size >= config.qlen || node.fullReported) full++;
  if (full > 0) return degraded(`the queues of ${full} nodes are full`);
  return nodes.size >= config.limits.nodes ? degraded(`no more than ${nodes.size} nodes are taken`) : ok;
}

function judgeJournal({ journal }: GatewayParts): PartHealth {
  return journal.isFailing ? failed("the store cannot be written to") : ok;
}

function worstOf(parts: readonly PartHealth[]): HealthStatus {
  const has = (wanted: HealthStatus) => parts.some(({ status }) => status === wanted);
  return has("failed") ? "failed" : has("degraded") ? "degraded" : "ok";
}

function failed(problem: string): PartHealth {
  return { status: "failed", problem };
}

function degraded(problem: string): PartHealth {
  return { status: "degraded", problem };
}
