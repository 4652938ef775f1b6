import { describe, expect, it } from "vitest";
import { liveThroughMonths } from "./months.ts";

describe("a week of the climate application", () => {
  it("brings every reading once and in order through all kinds of trouble", async () => {
    const seed = Number(process.env["MOTEQ_SEED"] ?? Date.now() & 0xffff);
    const report = await liveThroughMonths({ days: 7, seed });
    const trouble = JSON.stringify(report.faults);
    expect(report.firstWrong, `MOTEQ_SEED=${seed}, ${trouble}`).toBeUndefined();
    expect(report, `MOTEQ_SEED=${seed}, ${trouble}`).toMatchObject({
      received: report.taken,
      dropped: 0,
      isLit: report.wanted,
      isShown: true,
    });
    expect(report.taken).toBeGreaterThan(6000);
  });
});
