import { afterEach } from "vitest";
import { describeRadio, describeTunableRadio } from "../support/radio-conformance.ts";
import { DongleWorld } from "./dongle-world.ts";

const worlds: DongleWorld[] = [];

afterEach(async () => {
  for (const world of worlds.splice(0)) await world[Symbol.asyncDispose]();
});

const name = "a dongle, its firmware in real MicroPython";

async function connect() {
  const dongle = new DongleWorld();
  worlds.push(dongle);
  const left = await dongle.openRadio();
  const right = dongle.world.air.join({ address: "02000000bb01" });
  right.listen(() => {});
  const settled = <T>(promise: Promise<T>) => dongle.world.clock.runUntil(promise);
  return { left, right, settled };
}

describeRadio(name, connect);
describeTunableRadio(name, connect);
