import { describe, expect, it } from "vitest";
import { have } from "../support/external.ts";
import { killGateways } from "../support/handover-kills.ts";

const kills = 3;

describe.runIf(have("mosquitto"))("the gateway killed while it hands over (real)", () => {
  it(`brings each reading at QoS 2 once, in order, over ${kills} kills`, async () => {
    const seed = Number(process.env["MOTEQ_TEST_SEED"] ?? Date.now() % 1_000_000);
    console.log(`seed ${seed} (MOTEQ_TEST_SEED replays its instants)`);
    const { published, arrived } = await killGateways(kills, seed);
    expect(published).toBeGreaterThan(kills);
    expect(arrived).toEqual(Array.from({ length: published }, (_item, number) => number));
  });
});
