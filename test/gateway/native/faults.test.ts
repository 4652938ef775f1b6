import { describe, expect, it } from "vitest";
import { decodeUtf8, randomInteger } from "../../../src/base/index.ts";
import type { AirFrame } from "../../../src/virtual/index.ts";
import { address, live } from "./life.ts";
import { createNativeWorld } from "./world.ts";

describe("through loss, duplication, lies, delays, replays and restarts of the gateway", () => {
  it.each([1, 2, 3])("everything comes exactly once and in order, seed %i", async (seed) => {
    const { readings, messages, got, accepted, replayed, gateway } = await live(seed);
    expect(accepted).toEqual(readings);
    expect(got).toEqual(messages);
    expect(gateway.waiting(address)).toBe(0);
    expect(replayed.replayed).toBeGreaterThan(20);
    expect(gateway.drops.filter((reason) => reason === "replayed").length).toBeGreaterThan(10);
    expect(gateway.drops.filter((reason) => reason === "malformed")).toEqual([]);
  });

  it.each([11, 12])(
    "a node that loses its memory, too, loses nothing that was acknowledged, seed %i",
    async (seed) => {
      const { messages, got, stored, accepted } = await live(seed, { crashes: true });
      // What it was told is stored has been stored once; what it does not know of, at the most once.
      expect(new Set(accepted).size).toBe(accepted.length);
      expect(stored.filter((text) => !accepted.includes(text))).toEqual([]);
      // A message may come again to a node that forgot that it had come.
      expect([...new Set(got)]).toEqual(messages);
    },
  );
});

describe("an attacker", () => {
  it("who alters frames, whatever the bit, makes nothing of them", async () => {
    const { joined, gateway, run, air, random, clock } = createNativeWorld({ seed: 21 });
    const node = await joined({ attempts: 30 });
    air.intercept((frame, next) => {
      if (random.next() < 0.5) return next();
      const bytes = frame.bytes.slice();
      const bit = randomInteger(random, 0, bytes.length * 8 - 1);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      next({ ...frame, bytes });
    });
    const got: string[] = [];
    for (let count = 0; count < 40; count++) {
      gateway.queue(address, "t", `${count}`);
      await run(node.publish("shed", `${count}`, { receive: ({ message }) => got.push(message) }));
      await clock.advance(100);
    }
    await run(node.exchange(({ message }) => got.push(message)));
    const counts = Array.from({ length: 40 }, (_, count) => `${count}`);
    expect(got).toEqual(counts);
    expect(gateway.accepted.map(({ item }) => item.type === "publish" && decodeUtf8(item.payload))).toEqual(
      counts,
    );
  });

  it("who keeps an answer back cannot use it for a later question", async () => {
    const { joined, gateway, run, air } = createNativeWorld({ seed: 22 });
    const node = await joined({ attempts: 1, replyMs: 20 });
    let kept: AirFrame | undefined;
    const release = air.intercept((frame, next) => {
      if (frame.destination === address) kept ??= frame;
      else next();
    });
    expect(await run(node.publish("shed", "first"))).toBe("no-answer");
    release();
    gateway.judge = () => ({ later: "full" });
    let served = false;
    air.intercept((frame, next) => {
      if (frame.destination !== address || served || !kept) return next();
      served = true;
      next(kept);
      next();
    });
    expect(await run(node.publish("shed", "second"))).toBe("later");
    expect(served).toBe(true);
  });
});
