import { describe, expect, it } from "vitest";
import { createSeededRandom, decodeUtf8, randomInteger } from "../../src/base/index.ts";
import { connect, type MqttVersion } from "../../src/mqtt/index.ts";
import { type BytePortPair, VirtualClock } from "../../src/virtual/index.ts";
import { ReferenceBroker } from "./reference-broker.ts";

const cuts = 1000;
/** Most connections live longer than their greeting takes, many shorter. */
const longestLife = 400;
const seed = Number(process.env["MOTEQ_TEST_SEED"] ?? 20_261_121);

/** One session that publishes and receives while its connection is cut at random bytes, so many times. */
async function liveThrough(version: MqttVersion) {
  const clock = new VirtualClock();
  const random = createSeededRandom(seed + version);
  const up: string[] = [];
  const down: string[] = [];
  const received: string[] = [];
  const done = { cuts: 0 };
  let next: { at: "left" | "right"; left: number } | undefined;
  let broken: BytePortPair | undefined;
  const plan = () => {
    const at = random.next() < 0.5 ? "left" : "right";
    next = { at, left: randomInteger(random, 1, longestLife) };
  };
  const broker = new ReferenceBroker((bytes, at, pair) => {
    if (pair === broken) return [];
    if (next?.at !== at) return [bytes];
    next.left -= bytes.length;
    if (next.left > 0) return [bytes];
    const arrived = bytes.slice(0, bytes.length + next.left);
    next = undefined;
    broken = pair;
    done.cuts++;
    // What came before the cut still is read.
    void Promise.resolve().then(() => pair.cut());
    return [arrived];
  });
  const client = connect({
    open: () => {
      if (done.cuts < cuts) plan();
      return broker.open();
    },
    clock,
    random,
    clientId: "c",
    clean: false,
    version,
    backoff: { minimumMs: 2, maximumMs: 20 },
    onMessage: ({ payload }) => void received.push(decodeUtf8(payload) ?? ""),
  });
  const publishing: Promise<void>[] = [];
  while (done.cuts < cuts) {
    const qos = random.next() < 0.5 ? 1 : 2;
    if (random.next() < 0.5) {
      const text = `u${up.length} q${qos}`;
      up.push(text);
      publishing.push(client.publish("up", text, { qos }));
    } else {
      const text = `d${down.length} q${qos}`;
      down.push(text);
      broker.enqueue(text, qos);
    }
    await clock.advance(randomInteger(random, 0, 8));
  }
  await clock.runUntil(Promise.all(publishing));
  while (broker.pending > 0) await clock.advance(1000);
  await clock.runUntil(client.close());
  return { connections: broker.connections, cut: done.cuts, up, down, taken: broker.taken, received };
}

const levelTwo = (texts: readonly string[]) => texts.filter((text) => text.endsWith("q2"));

describe.each([4, 5] as const)(
  "a session whose connection is cut a thousand times, version %i",
  (version) => {
    it("loses nothing in either direction, and doubles nothing at QoS 2", async () => {
      const { connections, cut, up, down, taken, received } = await liveThrough(version);
      const again = taken.length - up.length + received.length - down.length;
      console.log(
        `seed ${seed} (MOTEQ_TEST_SEED replays it): ${cut} cuts, ${up.length} messages up, ${down.length} down, ` +
          `${again} of them twice at QoS 1`,
      );
      expect(cut).toBe(cuts);
      expect(connections).toBeGreaterThanOrEqual(cuts);
      expect(Math.min(up.length, down.length)).toBeGreaterThan(cuts);
      expect([...new Set(taken)]).toEqual(up);
      expect([...new Set(received)]).toEqual(down);
      expect(levelTwo(taken)).toEqual(levelTwo(up));
      expect(levelTwo(received)).toEqual(levelTwo(down));
    });
  },
);
