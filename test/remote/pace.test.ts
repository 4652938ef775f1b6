import { describe, expect, it } from "vitest";
import { Pace } from "../../src/remote/pace.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

const most = 262_144;

/**
 * Sends over a line that carries so many bytes a second, and reports each part. Gives how long that took, and for each part how
 * long the line had to do until it had carried it, in ms.
 */
async function send(
  pace: Pace,
  clock: VirtualClock,
  bytes: number,
  line: { perSecond: number; roundTripMs: number },
) {
  const start = clock.monotonic();
  let freeAt = start;
  let offset = 0;
  const board = { have: 0 };
  const waits: number[] = [];
  while (board.have < bytes) {
    while (offset < bytes && offset < board.have + Math.min(pace.bytes, most)) {
      const end = Math.min(offset + pace.partOf(16_384), bytes);
      const now = clock.monotonic();
      freeAt = Math.max(freeAt, now) + ((end - offset) / line.perSecond) * 1000;
      waits.push(freeAt - now);
      pace.sent(end);
      clock.setTimer(freeAt - now + line.roundTripMs, () => {
        board.have = end;
        pace.arrived(end, most);
      });
      offset = end;
    }
    await clock.advance(10);
  }
  return { ms: clock.monotonic() - start, waits };
}

describe("the pace of parts", () => {
  it("fills a line of 10 Mbit/s with 100 ms there and back to eight tenths, a mebibyte being sent", async () => {
    const clock = new VirtualClock();
    const { ms } = await send(new Pace(clock, 100), clock, 2 ** 20, {
      perSecond: 1_250_000,
      roundTripMs: 100,
    });
    expect(2 ** 20 / 1250 / ms).toBeGreaterThan(0.8);
  });

  it.each([1000, 2500, 14_000, 50_000])(
    "keeps a few seconds of bytes in a line of %i bytes a second, behind which the rest waits",
    async (perSecond) => {
      const clock = new VirtualClock();
      const pace = new Pace(clock, 100);
      const bytes = Math.max(200_000, perSecond * 30);
      const { ms, waits } = await send(pace, clock, bytes, { perSecond, roundTripMs: 200 });
      // Nothing is lost by it.
      expect(bytes / perSecond / (ms / 1000)).toBeGreaterThan(0.9);
      const later = waits.slice(Math.floor(waits.length / 2));
      expect(Math.max(...later)).toBeLessThan(Math.max(9000, (2 * 8192_000) / perSecond));
    },
  );

  it.each([
    [0, 65_536],
    [300, 65_536],
    [600, 32_768],
    [60_000, 8192],
  ])("begins, where a question took %i ms, with %i bytes", (roundTripMs, bytes) => {
    expect(new Pace(new VirtualClock(), roundTripMs).bytes).toBe(bytes);
  });

  it("sends shorter parts where less is on its way, and never longer ones than the board takes", () => {
    const pace = new Pace(new VirtualClock(), 100);
    expect(pace.partOf(16_384)).toBe(8192);
    expect(pace.partOf(500)).toBe(500);
  });

  it("goes down to 8 KiB in parts of 1 KiB, and no further", async () => {
    const clock = new VirtualClock();
    const pace = new Pace(clock, 100);
    for (let round = 1; round <= 10; round++) {
      pace.sent(round * 1000);
      await clock.advance(round === 1 ? 100 : 5000);
      pace.arrived(round * 1000, most);
    }
    expect([pace.bytes, pace.partOf(16_384)]).toEqual([8192, 1024]);
  });

  it("takes back half for what was sent at once and came late, however often that is told", async () => {
    const clock = new VirtualClock();
    const pace = new Pace(clock, 100);
    for (let end = 8192; end <= 65_536; end += 8192) pace.sent(end);
    await clock.advance(100);
    pace.arrived(8192, most);
    const before = pace.bytes;
    await clock.advance(5000);
    for (let have = 16_384; have <= 65_536; have += 8192) pace.arrived(have, most);
    expect(pace.bytes).toBe(before / 2);
  });

  it("takes a line that has become slower for what it is, from the next attempt on", async () => {
    const clock = new VirtualClock();
    const pace = new Pace(clock, 100);
    pace.sent(1000);
    await clock.advance(100);
    pace.arrived(1000, most);
    const before = pace.bytes;
    pace.restart(1000);
    for (let end = 2000; end <= 5000; end += 1000) {
      pace.sent(end);
      await clock.advance(5000);
      pace.arrived(end, most);
    }
    expect(pace.bytes).toBe(before + 4000);
  });
});
