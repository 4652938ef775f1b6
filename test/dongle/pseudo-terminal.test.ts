import { describe, expect, it } from "vitest";
import { openDongle, systemClock, systemRandom } from "../../src/node/index.ts";
import { donglePlace } from "../../src/node/dongle/place.ts";
import { have } from "../support/external.ts";
import { carryBothWays } from "./carry.ts";
import { RealDongle } from "./real-dongle.ts";
import { until } from "../support/until.ts";

describe.runIf(have("socat"))("a dongle behind a pseudo-terminal (real)", () => {
  it("carries frames both ways at once, each whole and in order", async () => {
    await using dongle = await RealDongle.start();
    const place = donglePlace(dongle.path);
    const radio = await openDongle(place, { clock: systemClock, random: systemRandom });
    const carried = await carryBothWays(dongle, radio, 100);
    expect([carried.down, carried.up]).toEqual([100, 100]);
    await radio.close();
  });

  it("is taken back within two seconds when it was pulled", async () => {
    await using dongle = await RealDongle.start();
    const said: string[] = [];
    const say = (_level: string, text: string) => void said.push(text);
    const place = donglePlace(`serial:${dongle.path}`);
    const radio = await openDongle(place, { clock: systemClock, random: systemRandom, say });
    await dongle.unplug();
    await until(() => said.length === 1);
    expect(said[0]).toBe("the dongle is gone: the serial port has vanished");
    expect(await radio.send("02000000bb01", Uint8Array.of(1))).toBe(false);
    const back = performance.now();
    await dongle.plugIn();
    await until(() => said.length === 2);
    expect(performance.now() - back).toBeLessThan(2000);
    expect(await carryBothWays(dongle, radio, 1)).toEqual({ down: 1, up: 1 });
    await radio.close();
  });
});
