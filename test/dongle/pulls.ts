import { expect } from "vitest";
import { createSeededRandom, decodeUtf8, encodeUtf8, sleep } from "../../src/base/index.ts";
import type { DongleRadio } from "../../src/node/index.ts";
import type { VirtualRadio } from "../../src/virtual/index.ts";
import { DongleWorld } from "./dongle-world.ts";

const nodeAddress = "02000000bb01";

/** Frames that tell their number. */
export const frameOf = (number: number) => encodeUtf8(`${number} ${"x".repeat(240)}`);
export const numberOf = (text: string) => Number(text.split(" ")[0]);

/** Pulls a dongle out and puts it back, so many times under load: what was acknowledged is there, and nothing twice. */
export async function pullOften(times: number, seed: number): Promise<void> {
  const random = createSeededRandom(seed);
  await using dongle = new DongleWorld();
  const { clock, air } = dongle.world;
  const radio = await dongle.openRadio();
  const node = air.join({ address: nodeAddress });
  const load = startLoad(dongle, radio, node);
  for (let count = 1; count <= times; count++) {
    await clock.advance(20 + random.next() * 100);
    dongle.unplug();
    await clock.advance(random.next() * 500);
    dongle.plugIn();
    await clock.advance(2000);
    // Once that it is gone, and once that it is back.
    expect(dongle.said).toHaveLength(2 * count);
  }
  load.stop();
  await clock.advance(2000);
  const { acknowledged, down, up } = load;
  expect(acknowledged.length).toBeGreaterThan(times * 10);
  const arrived = new Set(down.map(numberOf));
  expect(acknowledged.filter((number) => !arrived.has(number))).toEqual([]);
  expect([arrived.size, new Set(up).size]).toEqual([down.length, up.length]);
  expect([...down, ...up]).not.toContain("damaged");
}

/** Sends both ways, one frame at a time each. */
function startLoad(dongle: DongleWorld, radio: DongleRadio, node: VirtualRadio) {
  const { clock } = dongle.world;
  const acknowledged: number[] = [];
  const [down, up]: [string[], string[]] = [[], []];
  const run = { goesOn: true };
  node.listen(({ bytes }) => down.push(decodeUtf8(bytes) ?? "damaged"));
  radio.listen(({ bytes }) => up.push(decodeUtf8(bytes) ?? "damaged"));
  const sending = async () => {
    for (let number = 0; run.goesOn; number++) {
      if (await radio.send(nodeAddress, frameOf(number))) acknowledged.push(number);
      await sleep(clock, 40);
    }
  };
  const hearing = async () => {
    for (let number = 0; run.goesOn; number++) {
      await node.send(radio.address, frameOf(number));
      await sleep(clock, 40);
    }
  };
  void sending();
  void hearing();
  return { acknowledged, down, up, stop: () => void (run.goesOn = false) };
}
