import { writeFileSync } from "node:fs";
import { it } from "vitest";
import { openDongle, systemClock, systemRandom } from "../../src/node/index.ts";
import { donglePlace } from "../../src/node/dongle/place.ts";
import { DongleWorld } from "./dongle-world.ts";
import { RealDongle } from "./real-dongle.ts";

// Not a test: `npm run bench -- dongle` runs it, because here is the MicroPython that the firmware runs in.

const nodeAddress = "02000000bb01";
const frames = 1000;
const rounds = 5;

/** What was measured, a figure for each round. */
export interface DongleFigures {
  readonly framesDown: number[];
  readonly framesUp: number[];
  /** Milliseconds from sending a frame until its result is there, one at a time. */
  readonly roundTripMs: number[];
  /** Milliseconds from a frame's being heard until the host has it, one at a time. */
  readonly upMs: number[];
  readonly payloadShareDown: number;
  readonly payloadShareUp: number;
}

it("measures", { timeout: 300_000 }, async () => {
  const figures: DongleFigures = {
    framesDown: [],
    framesUp: [],
    roundTripMs: [],
    upMs: [],
    ...(await measureShares()),
  };
  for (let round = 0; round < rounds; round++) await measureSpeed(figures);
  writeFileSync(process.env["MOTEQ_FIGURES"] ?? "/dev/stdout", JSON.stringify(figures));
});

async function measureSpeed(figures: DongleFigures): Promise<void> {
  await using dongle = await RealDongle.start();
  const radio = await openDongle(donglePlace(dongle.path), { clock: systemClock, random: systemRandom });
  const node = dongle.air.join({ address: nodeAddress, receiveBufferBytes: 1_000_000 });
  const heard = { count: 0, wake: () => {} };
  node.listen(() => {});
  radio.listen(() => {
    heard.count++;
    heard.wake();
  });
  const frame = new Uint8Array(250).fill(120);

  await timed(figures.framesDown, frames, async () => {
    const numbers = Array.from({ length: frames }, (_, number) => number).values();
    const sending = async () => {
      for (const number of numbers) await radio.send(nodeAddress, frame.fill(number));
    };
    await Promise.all(Array.from({ length: 8 }, sending));
  });
  const hears = (count: number) =>
    new Promise<void>((resolve) => {
      heard.wake = () => void (heard.count >= count && resolve());
      heard.wake();
    });
  await timed(figures.framesUp, frames, async () => {
    for (let number = 0; number < frames; number++) {
      await node.send(radio.address, frame);
      await hears(number - 32);
    }
    await hears(frames);
  });
  const begun = performance.now();
  for (let count = 0; count < 200; count++) await radio.send(nodeAddress, frame);
  figures.roundTripMs.push((performance.now() - begun) / 200);
  const between = performance.now();
  for (let count = 1; count <= 200; count++) {
    await node.send(radio.address, frame);
    await hears(frames + count);
  }
  figures.upMs.push((performance.now() - between) / 200);
  await radio.close();
}

async function timed(into: number[], count: number, run: () => Promise<void>): Promise<void> {
  const begun = performance.now();
  await run();
  into.push((count / (performance.now() - begun)) * 1000);
}

/** How much of what goes over the line is frames: both directions together, since each is acknowledged in the other. */
async function measureShares(): Promise<{ payloadShareDown: number; payloadShareUp: number }> {
  const line = { bytes: 0 };
  await using dongle = new DongleWorld({
    onArrival: (bytes) => {
      line.bytes += bytes.length;
      return [bytes];
    },
  });
  const { clock, air } = dongle.world;
  const radio = await dongle.openRadio();
  const node = air.join({ address: nodeAddress });
  node.listen(() => {});
  radio.listen(() => {});
  const frame = new Uint8Array(250).fill(120);
  const share = async (send: () => Promise<unknown>) => {
    line.bytes = 0;
    for (let count = 0; count < 200; count++) await clock.runUntil(send());
    return (200 * 250) / line.bytes;
  };
  return {
    payloadShareDown: await share(() => radio.send(nodeAddress, frame)),
    payloadShareUp: await share(() => node.send(radio.address, frame)),
  };
}
