import { describe, expect, it } from "vitest";
import { have } from "../support/external.ts";
import { killGateways } from "../support/handover-kills.ts";

const kills = 40;

describe.runIf(have("mosquitto"))("the gateway killed again and again while it hands over (real)", () => {
  it(`brings each reading at QoS 2 once over ${kills} kills`, async () => {
    const seed = Number(process.env["MOTEQ_TEST_SEED"] ?? Date.now() % 1_000_000);
    console.log(`seed ${seed} (MOTEQ_TEST_SEED replays its instants)`);
    const { published, arrived } = await killGateways(kills, seed);
    const counts = new Map<number, number>();
    for (const number of arrived) counts.set(number, (counts.get(number) ?? 0) + 1);
    const all = Array.from({ length: published }, (_item, number) => number);
    console.log(`${published} readings, ${arrived.length} came`);
    expect(published).toBeGreaterThan(kills * 4);
    expect(
      all.filter((number) => !counts.has(number)),
      `seed ${seed}: lost`,
    ).toEqual([]);
    expect(
      all.filter((number) => (counts.get(number) ?? 0) > 1),
      `seed ${seed}: doubled`,
    ).toEqual([]);
    expect(arrived, `seed ${seed}: order`).toEqual(all);
  }, 600_000);
});
