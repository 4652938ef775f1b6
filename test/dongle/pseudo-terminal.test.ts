import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openDongle, systemClock, systemRandom } from "../../src/node/index.ts";
import { donglePlace } from "../../src/node/dongle/place.ts";
import { root } from "../house/imports.ts";
import { have } from "../support/external.ts";
import { carryBothWays } from "./carry.ts";
import { RealDongle } from "./real-dongle.ts";

/** Runs `moteq` as built. */
async function moteq(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [join(root, "bin/moteq.js"), ...words], { stdio: "pipe" });
  let [out, err] = ["", ""];
  child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (err += bytes.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe.runIf(have("socat"))("a dongle behind a pseudo-terminal (real)", () => {
  it("carries frames both ways at once, each whole and in order", async () => {
    await using dongle = await RealDongle.start();
    const place = donglePlace(dongle.path);
    const radio = await openDongle(place, { clock: systemClock, random: systemRandom });
    const carried = await carryBothWays(dongle, radio, 100);
    expect([carried.down, carried.up]).toEqual([100, 100]);
    await radio.close();
  }, 20_000);

  it("is taken back within two seconds when it was pulled", async () => {
    await using dongle = await RealDongle.start();
    const said: string[] = [];
    const say = (_level: string, text: string) => void said.push(text);
    const place = donglePlace(`serial:${dongle.path}`);
    const radio = await openDongle(place, { clock: systemClock, random: systemRandom, say });
    await dongle.unplug();
    await until(() => said.length === 1);
    expect(said[0]).toBe("the dongle is gone: the serial port is gone: it was unplugged");
    expect(await radio.send("02000000bb01", Uint8Array.of(1))).toBe(false);
    const back = performance.now();
    await dongle.plugIn();
    await until(() => said.length === 2);
    expect(performance.now() - back).toBeLessThan(2000);
    expect(await carryBothWays(dongle, radio, 1)).toEqual({ down: 1, up: 1 });
    await radio.close();
  }, 20_000);

  it("is made of a board by `moteq dongle install`", async () => {
    await using dongle = await RealDongle.start({});
    const { code, out, err } = await moteq("dongle", "install", dongle.path);
    expect([code, err]).toEqual([
      0,
      "stopping what the board runs\nwriting the file\ncomparing its digest\nrestarting the board\n",
    ]);
    expect(out).toMatch(/^MicroPython 1\.27\.0 on .* is a dongle now\. Nodes call it 70041dad8f10\.\n/);
    expect(out).toContain(`npx moteq up --radio serial:${dongle.path}\n`);
  }, 20_000);
});
