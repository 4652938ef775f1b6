import { describe, expect, it } from "vitest";
import type { Clock } from "../../src/base/index.ts";
import { Schedule } from "../../src/flow/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

describe("Schedule", () => {
  it("runs a task at once and then from start to start", async () => {
    const clock = new VirtualClock();
    const schedule = new Schedule({ clock });
    const times: number[] = [];
    schedule.every(1000, () => times.push(clock.monotonic()));
    await clock.advance(3500);
    expect(times).toEqual([0, 1000, 2000, 3000]);
  });

  it("does not drift in a month of seconds, although every timer goes off late", async () => {
    const clock = new VirtualClock({ settle: () => Promise.resolve() });
    const late: Clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      setTimer: (delayMs, callback) => clock.setTimer(delayMs + 7, callback),
    };
    const schedule = new Schedule({ clock: late });
    let last = 0;
    let runs = 0;
    schedule.every(1000, () => {
      last = clock.monotonic();
      runs++;
    });
    const month = 30 * 86_400_000;
    await clock.advance(month + 7);
    expect({ last, runs, missed: schedule.missed }).toEqual({
      last: month + 7,
      runs: month / 1000 + 1,
      missed: 0,
    });
  });

  it("wakes no more often for 2, 4, 6 and 60 s than for 2 s alone, whenever they were begun", async () => {
    const alone = await wakeUpsOf([2000]);
    expect(await wakeUpsOf([2000, 4000, 6000, 60_000])).toBe(alone);
    expect(await wakeUpsOf([2000, 60_000, 6000, 4000], 700)).toBe(alone);
  });

  it("aligns a shorter period with a longer one that is under way", async () => {
    const clock = new VirtualClock();
    const schedule = new Schedule({ clock });
    const times: string[] = [];
    schedule.every(6000, () => times.push(`6:${clock.monotonic()}`));
    await clock.advance(1500);
    schedule.every(2000, () => times.push(`2:${clock.monotonic()}`));
    await clock.advance(5000);
    expect(times).toEqual(["6:0", "2:2000", "2:4000", "6:6000", "2:6000"]);
  });

  it("leaves out runs whose time has passed, and keeps the beat", async () => {
    const clock = new VirtualClock();
    let lag = 0;
    const awake: Clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic() + lag,
      setTimer: (delayMs, callback) => clock.setTimer(delayMs, callback),
    };
    const schedule = new Schedule({ clock: awake });
    const times: number[] = [];
    schedule.every(1000, () => times.push(awake.monotonic()));
    await clock.advance(1000);
    // As after the machine has slept: the timer goes off late.
    lag = 2500;
    await clock.advance(2500);
    expect(schedule.missed).toBe(2);
    expect(times).toEqual([0, 1000, 4500, 5000, 6000]);
  });

  it("goes on when a task throws, and says so", async () => {
    const clock = new VirtualClock();
    const said: string[] = [];
    const schedule = new Schedule({ clock, onFailure: (text) => said.push(text) });
    let others = 0;
    schedule.every(1000, () => {
      throw new Error("boom");
    });
    schedule.every(1000, () => others++);
    await clock.advance(1000);
    expect({ others, failures: schedule.failures }).toEqual({ others: 2, failures: 2 });
    expect(said[0]).toBe("a scheduled task failed: boom");
  });

  it("holds no timer when nothing is left to run", async () => {
    const clock = new VirtualClock();
    const schedule = new Schedule({ clock });
    const timer = schedule.every(1000, () => {});
    await clock.advance(1000);
    timer.cancel();
    timer.cancel();
    const before = schedule.wakeUps;
    await clock.advance(10_000);
    expect({ size: schedule.size, wakeUps: schedule.wakeUps - before }).toEqual({ size: 0, wakeUps: 0 });
  });

  it("refuses a period that is none", () => {
    const schedule = new Schedule({ clock: new VirtualClock() });
    for (const period of [0, -1, Number.NaN, Infinity]) {
      expect(() => schedule.every(period, () => {})).toThrow(/a period is milliseconds, more than 0/);
    }
  });
});

async function wakeUpsOf(periods: readonly number[], apartMs = 0): Promise<number> {
  const clock = new VirtualClock();
  const schedule = new Schedule({ clock });
  for (const period of periods) {
    schedule.every(period, () => {});
    if (apartMs > 0) await clock.advance(apartMs);
  }
  await clock.advance(600_000 - clock.monotonic());
  return schedule.wakeUps;
}
