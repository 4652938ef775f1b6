import { array, assert, asyncProperty, constantFrom, integer } from "fast-check";
import { describe, expect, it } from "vitest";
import { createSeededRandom } from "../../src/base/index.ts";
import { BatchSink, type BatchSinkOptions, flowErrors } from "../../src/flow/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

function setUp(
  write: (batch: readonly number[]) => Promise<void>,
  options: Partial<BatchSinkOptions> = {},
): { clock: VirtualClock; sink: BatchSink<number>; said: string[] } {
  const clock = new VirtualClock();
  const said: string[] = [];
  const sink = new BatchSink(write, {
    clock,
    random: createSeededRandom(1),
    name: "the store",
    say: (text) => said.push(text),
    ...options,
  });
  return { clock, sink, said };
}

describe("BatchSink", () => {
  it("gathers what comes within a second, and writes a full batch at once", async () => {
    const batches: number[][] = [];
    const { clock, sink } = setUp(async (batch) => void batches.push([...batch]), { batch: 3 });
    sink.next(1);
    await clock.advance(900);
    sink.next(2);
    expect(batches).toEqual([]);
    await clock.advance(100);
    expect(batches).toEqual([[1, 2]]);
    for (const item of [3, 4, 5, 6]) sink.next(item);
    await clock.advance(0);
    expect(batches).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    sink.complete();
    await sink.done;
    expect(batches.at(-1)).toEqual([6]);
    expect(sink.counts).toEqual({ accepted: 6, written: 6, dropped: 0, refused: 0, failures: 0 });
  });

  it("tries again for as long as it fails, in order, and says so once", async () => {
    let fails = 5;
    const written: number[] = [];
    const { clock, sink, said } = setUp(async (batch) => {
      if (fails-- > 0) throw new Error("disk full");
      written.push(...batch);
    });
    for (let item = 0; item < 5; item++) {
      sink.next(item);
      await clock.advance(1000);
    }
    sink.complete();
    await clock.runUntil(sink.done);
    expect(written).toEqual([0, 1, 2, 3, 4]);
    expect(sink.counts.failures).toBe(5);
    expect(said).toEqual([
      "the store does not take events: disk full; trying again until it does",
      "the store takes events again; 0 were dropped so far",
    ]);
  });

  it.each([
    ["drop-oldest", [3, 4, 5]],
    ["drop-newest", [0, 1, 2]],
  ] as const)("holds no more than its limit: %s", async (policy, kept) => {
    const written: number[] = [];
    const { clock, sink } = setUp(async (batch) => void written.push(...batch), { limit: 3, policy });
    for (let item = 0; item < 6; item++) sink.next(item);
    expect(sink.waiting).toBe(3);
    sink.complete();
    await clock.runUntil(sink.done);
    expect(written).toEqual(kept);
    expect(sink.counts).toMatchObject({ accepted: 6, written: 3, dropped: 3 });
  });

  it("leaves out what is refused, and only that", async () => {
    const written: number[] = [];
    const { clock, sink, said } = setUp(async (batch) => {
      if (batch.some((item) => item % 7 === 0))
        throw flowErrors.create("flow/refused", "sevens are not taken");
      written.push(...batch);
    });
    for (let item = 1; item <= 20; item++) sink.next(item);
    sink.complete();
    await clock.runUntil(sink.done);
    expect(written).toEqual([1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20]);
    expect(sink.counts).toMatchObject({ written: 18, refused: 2 });
    expect(said).toEqual(["the store refuses an event: sevens are not taken"]);
  });

  it("is over at once when it is closed, and counts what it let go", async () => {
    const { clock, sink } = setUp(() => Promise.reject(new Error("away")), { batch: 2 });
    for (let item = 0; item < 5; item++) sink.next(item);
    await clock.advance(100);
    sink.close();
    await sink.done;
    sink.next(6);
    await clock.advance(60_000);
    expect(sink.counts).toMatchObject({ accepted: 6, written: 0, dropped: 6 });
    expect(sink.waiting).toBe(0);
  });

  it("accounts for every item, whatever fails, is refused or does not fit", async () => {
    await assert(
      asyncProperty(
        array(constantFrom("item", "wait", "fail", "refuse"), { maxLength: 60 }),
        integer({ min: 1, max: 5 }),
        integer({ min: 1, max: 5 }),
        async (steps, limit, batch) => {
          let mood = "well";
          const written: number[] = [];
          const { clock, sink } = setUp(
            async (items) => {
              const now = mood;
              mood = "well";
              if (now === "fail") throw new Error("away");
              if (now === "refuse") throw flowErrors.create("flow/refused", "no");
              written.push(...items);
            },
            { limit, batch },
          );
          let next = 0;
          for (const step of steps) {
            if (step === "item") sink.next(next++);
            else if (step === "wait") await clock.advance(700);
            else mood = step;
          }
          sink.complete();
          await clock.runUntil(sink.done);
          const { accepted, dropped, refused } = sink.counts;
          expect(accepted).toBe(next);
          expect(sink.counts.written).toBe(written.length);
          expect(written.length + dropped + refused).toBe(next);
          expect(written).toEqual(written.toSorted((a, b) => a - b));
          expect(new Set(written).size).toBe(written.length);
        },
      ),
      { numRuns: 150 },
    );
  });
});
