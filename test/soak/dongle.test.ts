import { describe, expect, it } from "vitest";
import { openDongle, systemClock, systemRandom } from "../../src/node/index.ts";
import { donglePlace } from "../../src/node/dongle/place.ts";
import { carryBothWays } from "../dongle/carry.ts";
import { pullOften } from "../dongle/pulls.ts";
import { RealDongle } from "../dongle/real-dongle.ts";
import { have } from "../support/external.ts";

const seed = Number(process.env["MOTEQ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const services = { clock: systemClock, random: systemRandom };

describe(`a dongle that is pulled again and again (MOTEQ_SEED=${seed})`, () => {
  it("loses nothing that was acknowledged, and doubles nothing: 100 times under load", async () => {
    await pullOften(100, seed);
  });
});

describe.runIf(have("socat"))("a dongle behind a pseudo-terminal (real)", () => {
  it("carries a megabyte each way at full speed", async () => {
    await using dongle = await RealDongle.start();
    const radio = await openDongle(donglePlace(dongle.path), services);
    const frames = 1_048_576 / 250;
    const begun = performance.now();
    const carried = await carryBothWays(dongle, radio, Math.ceil(frames));
    const seconds = (performance.now() - begun) / 1000;
    console.log(`${((2 * frames) / seconds).toFixed(0)} frames a second`, radio.counters.toJSON());
    expect(carried).toEqual({ down: Math.ceil(frames), up: Math.ceil(frames) });
    await radio.close();
  });

  it("is taken back each time: pulled 100 times while frames go both ways", async () => {
    await using dongle = await RealDongle.start();
    let [gone, back] = [0, 0];
    const say = (level: string) => void (level === "warn" ? gone++ : back++);
    const radio = await openDongle(donglePlace(dongle.path), { ...services, say });
    const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    let [isRunning, sent, heard] = [true, 0, 0];
    const node = dongle.air.join({ address: "02000000bb01", receiveBufferBytes: 1_000_000 });
    const numbers = new Set<number>();
    node.listen(({ bytes }) => {
      heard++;
      numbers.add(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0));
    });
    const acknowledged: number[] = [];
    const load = async () => {
      for (; isRunning; sent++) {
        const frame = new Uint8Array(250);
        new DataView(frame.buffer).setUint32(0, sent);
        if (await radio.send("02000000bb01", frame)) acknowledged.push(sent);
        else await delay(5);
      }
    };
    const running = load();
    for (let count = 1; count <= 100; count++) {
      await delay(30 + Math.random() * 50);
      await dongle.unplug();
      await dongle.plugIn();
      const begun = performance.now();
      while (back < count && performance.now() - begun < 5000) await delay(5);
      expect([count, performance.now() - begun < 2000, gone, back]).toEqual([count, true, count, count]);
    }
    isRunning = false;
    await running;
    expect(acknowledged.filter((number) => !numbers.has(number))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(500);
    // Each arrives once.
    expect(numbers.size).toBe(heard);
    await radio.close();
  });
});
