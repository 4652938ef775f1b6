import { describe, expect, it } from "vitest";
import { decodeUtf8, randomInteger } from "../../../src/base/index.ts";
import type { NativeNodeState } from "../../../src/mote/index.ts";
import type { AirFrame } from "../../../src/virtual/index.ts";
import { createNativeWorld } from "./world.ts";

const address = "020000000001";
const faults = { loss: 0.15, acknowledgementLoss: 0.1, duplicate: 0.15, lie: 0.1, jitterMs: 2 };

/** Lives through many wakes in which everything goes wrong, and then through some in which nothing does. */
async function live(seed: number, { wakes = 60, crashes = false } = {}) {
  const world = createNativeWorld({ seed, commitMs: 20 });
  const { clock, random, air, gateway, wake, joined, run } = world;
  const replayed = replayOldFrames(world);
  let state = (await joined()).save();
  // Flash memory, which a crash leaves as it was.
  const key = state?.key ?? "";
  const readings: string[] = [];
  const messages: string[] = [];
  const got: string[] = [];
  const stored: string[] = [];
  let told = 0;
  const wakeOnce = async (withFaults: boolean) => {
    air.setFaults(withFaults ? faults : {});
    const node = wake(state && (JSON.parse(JSON.stringify(state)) as NativeNodeState), { attempts: 3 });
    state = undefined;
    for (let count = randomInteger(random, 0, 4); count > 0; count--) {
      const text = `reading ${++told} ${"r".repeat(randomInteger(random, 0, 3) === 0 ? randomInteger(random, 0, 900) : 5)}`;
      readings.push(text);
      node.add(`sensor/${readings.length % 40}`, text);
    }
    for (let count = randomInteger(random, 0, 4); count > 0; count--) {
      const text = `message ${messages.length} ${"m".repeat(randomInteger(random, 0, 3) === 0 ? randomInteger(random, 0, 1500) : 5)}`;
      messages.push(text);
      gateway.queue(address, `set/${messages.length % 3}`, text);
    }
    if (withFaults && random.next() < 0.3) clock.setTimer(random.next() * 60, () => gateway.restart());
    if (withFaults && random.next() < 0.2) gateway.forget(address);
    const beforehand = readings.length - node.unsettled;
    await run(node.exchange(({ message }) => got.push(message)));
    stored.push(...readings.slice(beforehand, readings.length - node.unsettled));
    const crashed = withFaults && crashes && random.next() < 0.2;
    // What was not settled dies with the node; what has been taken of it was accepted all the same.
    state = crashed ? { key } : node.save();
    if (crashed) readings.length -= node.unsettled;
    await clock.advance(randomInteger(random, 1, 60_000));
  };
  for (let count = 0; count < wakes; count++) await wakeOnce(true);
  for (let count = 0; count < 3; count++) await wakeOnce(false);
  const accepted = gateway.accepted.map(({ item }) =>
    item.type === "publish" ? (decodeUtf8(item.payload) ?? "") : item.type,
  );
  return { ...world, readings, messages, got, stored, accepted, replayed };
}

/** Puts frames that were heard before on the air again, in both directions. */
function replayOldFrames({ air, random }: ReturnType<typeof createNativeWorld>) {
  const heard: AirFrame[] = [];
  const count = { replayed: 0 };
  air.intercept((frame, next) => {
    next();
    heard.push(frame);
    if (heard.length > 400) heard.shift();
    const old = heard[randomInteger(random, 0, heard.length - 1)];
    if (!old || old.destination !== frame.destination || random.next() > 0.2) return;
    count.replayed++;
    next(old);
  });
  return count;
}

describe("through loss, duplication, lies, delays, replays and restarts of the gateway", () => {
  it.each([1, 2, 3, 4, 5, 6])("everything comes exactly once and in order, seed %i", async (seed) => {
    const { readings, messages, got, accepted, replayed, gateway } = await live(seed);
    expect(accepted).toEqual(readings);
    expect(got).toEqual(messages);
    expect(gateway.waiting(address)).toBe(0);
    expect(replayed.replayed).toBeGreaterThan(20);
    expect(gateway.drops.filter((reason) => reason === "replayed").length).toBeGreaterThan(10);
    expect(gateway.drops.filter((reason) => reason === "malformed")).toEqual([]);
  });

  it.each([11, 12, 13])(
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
