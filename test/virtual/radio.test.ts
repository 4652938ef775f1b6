import { createSeededRandom } from "../../src/base/index.ts";
import { Air, VirtualClock } from "../../src/virtual/index.ts";
import { describeRadio } from "../support/radio-conformance.ts";

describeRadio("the simulated one", () => {
  const clock = new VirtualClock();
  const air = new Air({ clock, random: createSeededRandom(1) });
  const left = air.join({ address: "020000000001" });
  const right = air.join({ address: "020000000002" });
  return Promise.resolve({ left, right, settled: (promise) => clock.runUntil(promise) });
});
