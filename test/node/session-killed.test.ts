import { describe, expect, it } from "vitest";
import { have } from "../support/external.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { firstsOf, killWriters } from "../support/session-kills.ts";

describe.runIf(have("mosquitto"))("a program killed while it publishes (real)", () => {
  it.each([4, 5] as const)(
    "has lost nothing that was accepted, doubled nothing at QoS 2, kept the order: version %i",
    async (version) => {
      const seed = Number(process.env["MOTEQ_TEST_SEED"] ?? Date.now() % 1_000_000);
      console.log(`seed ${seed} (MOTEQ_TEST_SEED replays it)`);
      await using broker = await startMosquitto();
      const { accepted, arrived } = await killWriters(broker, version, 3, seed);
      const all = new Set([...arrived[1], ...arrived[2]]);
      expect(accepted.length).toBeGreaterThan(2);
      expect(accepted.filter((number) => !all.has(number))).toEqual([]);
      expect(firstsOf(arrived[2])).toEqual(arrived[2]);
      for (const numbers of [arrived[1], arrived[2]]) {
        expect(firstsOf(numbers)).toEqual(firstsOf(numbers).toSorted((a, b) => a - b));
      }
    },
    30_000,
  );
});
