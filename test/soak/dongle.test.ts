import { describe, expect, it } from "vitest";
import { type DongleRadio, openDongle, systemClock, systemRandom } from "../../src/node/index.ts";
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

  it("is taken back each time: pulled 100 times while frames go down", async () => {
    await using dongle = await RealDongle.start();
    const told = { gone: 0, back: 0 };
    const say = (level: string) => void (level === "warn" ? told.gone++ : told.back++);
    const radio = await openDongle(donglePlace(dongle.path), { ...services, say });
    const load = startLoad(dongle, radio);
    for (let count = 1; count <= 100; count++) {
      await delay(30 + Math.random() * 50);
      await dongle.unplug();
      await dongle.plugIn();
      const begun = performance.now();
      while (told.back < count && performance.now() - begun < 5000) await delay(5);
      expect([count, performance.now() - begun < 2000, told]).toEqual([
        count,
        true,
        { gone: count, back: count },
      ]);
    }
    await load.stop();
    expect(load.acknowledged.filter((number) => !load.heard.includes(number))).toEqual([]);
    expect(load.acknowledged.length).toBeGreaterThan(500);
    // Each arrives once.
    expect(new Set(load.heard).size).toBe(load.heard.length);
    await radio.close();
  });
});

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Sends frames that tell their number, one at a time, and notes which were acknowledged and which were heard. */
function startLoad(dongle: RealDongle, radio: DongleRadio) {
  const nodeAddress = "02000000bb01";
  const node = dongle.air.join({ address: nodeAddress, receiveBufferBytes: 1_000_000 });
  const heard: number[] = [];
  const acknowledged: number[] = [];
  node.listen(({ bytes }) => heard.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)));
  const run = { goesOn: true };
  const sending = async () => {
    for (let number = 0; run.goesOn; number++) {
      const frame = new Uint8Array(250);
      new DataView(frame.buffer).setUint32(0, number);
      if (await radio.send(nodeAddress, frame)) acknowledged.push(number);
      else await delay(5);
    }
  };
  const sent = sending();
  return {
    heard,
    acknowledged,
    stop: () => {
      run.goesOn = false;
      return sent;
    },
  };
}
