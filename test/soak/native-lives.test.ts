import { describe, expect, it } from "vitest";
import { address, live } from "../gateway/native/life.ts";

const seeds = Array.from({ length: 100 }, (_, index) => 1000 + index);

describe("a hundred lives of a native node", () => {
  it.each(seeds)("everything comes exactly once and in order, seed %i", async (seed) => {
    const { readings, messages, got, accepted, gateway } = await live(seed, { wakes: 100 });
    expect(accepted).toEqual(readings);
    expect(got).toEqual(messages);
    expect(gateway.waiting(address)).toBe(0);
  });

  it.each(seeds)("nothing that was acknowledged is lost with the node's memory, seed %i", async (seed) => {
    const { messages, got, stored, accepted } = await live(seed, { wakes: 100, crashes: true });
    expect(new Set(accepted).size).toBe(accepted.length);
    expect(stored.filter((text) => !accepted.includes(text))).toEqual([]);
    expect([...new Set(got)]).toEqual(messages);
  });
});
