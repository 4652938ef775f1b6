import { createSeededRandom } from "../../src/base/index.ts";
import { Air, VirtualClock } from "../../src/virtual/index.ts";
import { describeRadio, describeTunableRadio } from "../support/radio-conformance.ts";

function connect() {
  const clock = new VirtualClock();
  const air = new Air({ clock, random: createSeededRandom(1) });
  const left = air.join({ address: "020000000001" });
  const right = air.join({ address: "020000000002" });
  return Promise.resolve({ left, right, settled: <T>(promise: Promise<T>) => clock.runUntil(promise) });
}

describeRadio("the simulated one", connect);
describeTunableRadio("the simulated one", connect);
