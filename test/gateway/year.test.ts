import { describe, expect, it } from "vitest";
import { liveThroughYear } from "./year.ts";

const seed = Number(process.env["MOTEQ_TEST_SEED"] ?? 11);

/** Shares of a year that take seconds: everything that can go wrong in a week, and the number of nodes. More is in the soak tests. */
const shares = [
  { nodes: 100, hours: 7 * 24, what: "a week of a hundred nodes" },
  { nodes: 1000, hours: 3, what: "three hours of a thousand nodes" },
] as const;

describe.each(shares)("$what that wake once an hour", ({ nodes, hours }) => {
  it("loses nothing that was acknowledged, brings native messages once, and adds up, whatever goes wrong", async () => {
    const report = await liveThroughYear({ nodes, hours, seed });
    const context = `MOTEQ_TEST_SEED=${seed}, ${JSON.stringify(report)}`;
    console.log(context);
    expect(report.wrong, context).toEqual([]);
    expect(report.wakes, context).toBeGreaterThanOrEqual(nodes * hours);
    expect(report.audits, context).toBeGreaterThan(hours / 12);
    // What did not happen proves nothing.
    expect(report.totals.told, context).toBeGreaterThan(nodes * hours * 0.4);
    expect(report.totals.repeatedReadings, context).toBeGreaterThan(0);
    expect(report.deliveries["acknowledged"], context).toBeGreaterThan(0);
    if (hours < 100) return;
    expect(Math.min(...Object.values(report.trouble), report.moves.moved), context).toBeGreaterThan(0);
  });
});
