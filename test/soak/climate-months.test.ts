import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { liveThroughMonths } from "../climate/months.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

describe("half a year of the climate application", () => {
  it("never stops, brings every reading once and in order, and keeps its memory", async () => {
    const seed = Number(process.env["MOTEQ_SEED"] ?? Date.now() & 0xffff);
    const report = await liveThroughMonths({
      days: 180,
      seed,
      measureHeap() {
        collectGarbage();
        return process.memoryUsage().heapUsed / 2 ** 20;
      },
    });
    const context = `MOTEQ_SEED=${seed}, ${JSON.stringify(report)}`;
    console.log(context);
    expect(report.firstWrong, context).toBeUndefined();
    expect(report, context).toMatchObject({
      received: report.taken,
      dropped: 0,
      isLit: report.wanted,
      isShown: true,
    });
    expect(report.taken).toBeGreaterThan(200_000);
    // What waits at the moment of measuring differs; growth with time would be more than that.
    const [, second = 0] = report.heapMegabytes;
    expect(report.heapMegabytes.at(-1) ?? 0, context).toBeLessThan(second + 8);
  }, 600_000);
});
