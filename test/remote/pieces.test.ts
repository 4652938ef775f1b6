import { describe, expect, it } from "vitest";
import { type AbortSignalLike, createAborter, sleep } from "../../src/base/index.ts";
import { Pace } from "../../src/remote/pace.ts";
import { getPieces } from "../../src/remote/pieces.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

const ignore = () => {};

/** A file at the end of a line that carries so many bytes a second. */
function createFile(perSecond: number, shortAt = Infinity) {
  const clock = new VirtualClock();
  const pace = new Pace(clock, 100);
  const asked: { at: number; length: number; ms: number; signal: AbortSignalLike }[] = [];
  let freeAt = 0;
  const ask = async (offset: number, length: number, signal: AbortSignalLike) => {
    const now = clock.monotonic();
    freeAt = Math.max(freeAt, now) + (length / perSecond) * 1000;
    const ms = freeAt - now;
    asked.push({ at: offset, length, ms, signal });
    await sleep(clock, ms, signal);
    return new Uint8Array(offset >= shortAt ? length - 1 : length).fill(offset % 251);
  };
  return { clock, pace, ask, asked };
}

describe("a file that is got in pieces", () => {
  it("comes whole and in order, and leaves room for others on a slow line", async () => {
    const { clock, pace, ask, asked } = createFile(2000);
    let got = 0;
    const take = (bytes: Uint8Array) => void (got += bytes.length);
    expect(await clock.runUntil(getPieces(300_001, pace, ask, take, undefined))).toBe(true);
    expect(got).toBe(300_001);
    expect(asked.map(({ at }) => at)).toEqual(asked.map(({ at }) => at).toSorted((one, two) => one - two));
    const later = asked.slice(Math.floor(asked.length / 2)).map(({ ms }) => ms);
    expect(Math.max(...later)).toBeLessThan(12_000);
    expect(Math.max(...asked.map(({ length }) => length))).toBeLessThan(16_384);
  });

  it("comes in few long pieces on a fast line", async () => {
    const { clock, pace, ask, asked } = createFile(100_000_000);
    expect(await clock.runUntil(getPieces(10_000_000, pace, ask, ignore, undefined))).toBe(true);
    expect(asked.length).toBeLessThan(200);
    expect(asked.at(-2)?.length).toBe(65_536);
  });

  it("ends with a piece that is too short, and what else was asked for with it", async () => {
    const { clock, pace, ask, asked } = createFile(2000, 8192);
    expect(await clock.runUntil(getPieces(300_000, pace, ask, ignore, undefined))).toBe(false);
    expect(asked.every(({ signal }) => signal.aborted)).toBe(true);
  });

  it("ends when nobody wants it any more", async () => {
    const { clock, pace, ask, asked } = createFile(2000);
    const stop = createAborter();
    clock.setTimer(10_000, () => stop.abort(new Error("enough")));
    const getting = getPieces(300_000, pace, ask, ignore, stop.signal);
    await expect(clock.runUntil(getting)).rejects.toThrow("enough");
    expect(asked.every(({ signal }) => signal.aborted)).toBe(true);
  });
});
