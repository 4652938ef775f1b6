import { describe, expect, it } from "vitest";
import { liveThroughYear } from "../gateway/year.ts";

const seed = Number(process.env["MOTEQ_TEST_SEED"] ?? Date.now() & 0xffff);
const year = 365 * 24;

/**
 * A wake takes some 150 µs of a processor: 1,000 nodes for a year, 8.76 million wakes, take more than twenty minutes, with
 * `MOTEQ_YEAR_NODES=1000`. Without it a part of the nodes lives through the year, and all of them through two weeks.
 */
const shares = [
  { nodes: Number(process.env["MOTEQ_YEAR_NODES"] ?? 150), hours: year },
  { nodes: 1000, hours: 14 * 24 },
];

describe.each(shares)("$nodes nodes that wake once an hour, for $hours hours", ({ nodes, hours }) => {
  it("lose nothing that was acknowledged, get native messages once, and every counter adds up", async () => {
    console.log(`seed ${seed} (MOTEQ_TEST_SEED replays it)`);
    const before = process.cpuUsage();
    const report = await liveThroughYear({ nodes, hours, seed });
    const { user, system } = process.cpuUsage(before);
    const context = `MOTEQ_TEST_SEED=${seed}, ${JSON.stringify(report)}`;
    console.log(`${Math.round((user + system) / 1e6)} s of processor time, ${context}`);
    expect(report.wrong, context).toEqual([]);
    expect(report.wakes, context).toBeGreaterThanOrEqual(nodes * hours);
    expect(report.audits, context).toBeGreaterThan(hours / 12);
    expect(report.totals["told"], context).toBeGreaterThan(nodes * hours * 0.4);
    expect(Math.min(...Object.values(report.trouble)), context).toBeGreaterThan(0);
  }, 3_600_000);
});
