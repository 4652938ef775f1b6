import { describe, expect, it } from "vitest";
import { ReadPace } from "../../src/node/byte-ports/read-pace.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

/** A pace, and how often it has stopped reading and gone on. */
function setUp() {
  const clock = new VirtualClock();
  const calls: boolean[] = [];
  const pace = new ReadPace(clock, (held) => calls.push(held));
  /** Pieces of so many bytes, one each so many milliseconds. */
  const read = async (count: number, length: number, everyMs: number) => {
    for (let piece = 0; piece < count; piece++) {
      pace.count(length);
      if (everyMs > 0) await clock.advance(everyMs);
    }
  };
  return { clock, calls, read };
}

describe("the pace of reading", () => {
  it("lets a fast stream of messages gather, for as long as that gathers some", async () => {
    const { clock, calls, read } = setUp();
    await read(32, 120, 0.01);
    expect(calls).toEqual([true]);
    await clock.advance(1);
    expect(calls).toEqual([true, false]);
    await read(1, 6000, 0);
    await clock.advance(1);
    expect(calls).toEqual([true, false, true, false]);
    await read(1, 120, 0);
    expect(calls).toHaveLength(4);
  });

  it.each([
    ["slow", 120, 0.1],
    ["made of acknowledgements", 4, 0.01],
    ["made of long pieces", 65_536, 0.01],
  ])("leaves a stream alone that is %s", async (_name, length, everyMs) => {
    const { calls, read } = setUp();
    await read(200, length, everyMs);
    expect(calls).toEqual([]);
  });
});
