import { describe, expect, it } from "vitest";
import { liveThroughYear, type YearReport } from "../gateway/year.ts";

const seed = Number(process.env["MOTEQ_TEST_SEED"] ?? Date.now() & 0xffff);
const nodes = Number(process.env["MOTEQ_YEAR_NODES"] ?? 1000);
const days = Number(process.env["MOTEQ_YEAR_DAYS"] ?? 365);
const limitMs = 8 * 3_600_000;

/** Processor time since the start, in seconds. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function sayHowFar(day: number, { wakes, lives, audits, totals, trouble, wrong }: YearReport): void {
  const seconds = processorTime();
  const bad = Object.values(trouble).reduce((sum, count) => sum + count, 0);
  process.stderr.write(
    `day ${day} of ${days}, ${nodes} nodes: ${wakes} wakes in ${seconds.toFixed(0)} s of processor time, ` +
      `${((seconds / wakes) * 1e6).toFixed(0)} µs each; ${totals.told} readings and ${totals.messages} messages promised, ` +
      `${bad} times trouble, ${lives} lives, ${audits} audits ${wrong.length === 0 ? "in order" : wrong.join("; ")}\n`,
  );
}

describe(`${nodes} nodes that wake once an hour, for ${days} days`, () => {
  it(
    "lose nothing that was acknowledged, get native messages once, and every counter adds up",
    async () => {
      console.log(`seed ${seed} (MOTEQ_TEST_SEED replays it)`);
      const hours = days * 24;
      const report = await liveThroughYear({ nodes, hours, seed, onDay: sayHowFar });
      const context = `MOTEQ_TEST_SEED=${seed}, ${JSON.stringify(report)}`;
      console.log(`${processorTime().toFixed(0)} s of processor time, ${context}`);
      expect(report.wrong, context).toEqual([]);
      expect(report.wakes, context).toBeGreaterThanOrEqual(nodes * hours);
      expect(report.audits, context).toBeGreaterThan(hours / 12);
      expect(report.totals.told, context).toBeGreaterThan(nodes * hours * 0.4);
      // What did not happen proves nothing.
      expect(Math.min(...Object.values(report.trouble), report.moves.moved), context).toBeGreaterThan(0);
    },
    limitMs,
  );
});
