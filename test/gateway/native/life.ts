import { decodeUtf8, randomInteger } from "../../../src/base/index.ts";
import type { NativeNodeState } from "../../../src/mote/index.ts";
import type { AirFrame } from "../../../src/virtual/index.ts";
import { createNativeWorld } from "./world.ts";

/** The node's. */
export const address = "020000000001";
const faults = { loss: 0.15, acknowledgementLoss: 0.1, duplicate: 0.15, lie: 0.1, jitterMs: 2 };

/** Lives through many wakes in which everything goes wrong, and then through some in which nothing does. */
export async function live(seed: number, { wakes = 60, crashes = false } = {}) {
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
