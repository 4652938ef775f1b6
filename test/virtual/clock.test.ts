import { describe, expect, it } from "vitest";
import { sleep } from "../../src/base/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

describe("the virtual clock", () => {
  it("runs timers in the order in which they are due, those of one instant as they were set", async () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    for (const [name, delay] of [
      ["c", 30],
      ["a", 10],
      ["b", 20],
      ["a2", 10],
    ] as const) {
      clock.setTimer(delay, () => order.push(`${name}@${clock.monotonic()}`));
    }
    await clock.advance(25);
    expect(order).toEqual(["a@10", "a2@10", "b@20"]);
    expect(clock.monotonic()).toBe(25);
  });

  it("runs what timers set in turn, and lets promises settle between", async () => {
    const clock = new VirtualClock();
    const at: number[] = [];
    const walk = async () => {
      for (let step = 0; step < 3; step++) {
        await sleep(clock, 10);
        at.push(clock.monotonic());
      }
    };
    void walk();
    await clock.advance(100);
    expect(at).toEqual([10, 20, 30]);
  });

  it("does not run a timer that was cancelled", async () => {
    const clock = new VirtualClock();
    let ran = false;
    clock.setTimer(1, () => (ran = true)).cancel();
    await clock.advance(10);
    expect(ran).toBe(false);
  });

  it("goes on until a promise settles, and says so when it does not", async () => {
    const clock = new VirtualClock();
    await clock.runUntil(sleep(clock, 5000));
    expect(clock.monotonic()).toBe(5000);
    await expect(clock.runUntil(new Promise(() => {}), 1000)).rejects.toMatchObject({
      code: "virtual/never-settled",
    });
    await expect(clock.runUntil(Promise.reject(new Error("no")))).rejects.toThrow("no");
  });

  it("steps the time of day without touching timers", async () => {
    const clock = new VirtualClock({ startsAt: 1000 });
    let ran = false;
    clock.setTimer(10, () => (ran = true));
    clock.step(-500);
    expect([clock.now(), clock.monotonic(), ran]).toEqual([500, 0, false]);
    await clock.advance(10);
    expect([clock.now(), ran]).toEqual([510, true]);
  });
});
