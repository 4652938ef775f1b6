import { describe, expect, it } from "vitest";
import { measureWake } from "../../../src/virtual/index.ts";
import { createNativeWorld } from "./world.ts";

const address = "020000000001";

/** How long the radio is on in a wake that publishes 20 bytes and fetches what waits. */
async function measure(waiting: number): Promise<number> {
  const { joined, wake, gateway, radio, clock, run } = createNativeWorld();
  const first = await joined();
  await run(first.publish("light", "x".repeat(20)));
  const state = first.save();
  radio.sleep();
  await clock.advance(60_000);
  for (let count = 0; count < waiting; count++) gateway.queue(address, "allnodes", "y".repeat(30));
  const node = wake(state);
  let received = 0;
  const account = await run(
    measureWake(radio, async () => {
      await node.publish("light", "x".repeat(20), { receive: () => received++ });
    }),
  );
  await clock.advance(10);
  expect([received, gateway.waiting(address)]).toEqual([waiting, 0]);
  return account.awakeMs;
}

describe("a wake that publishes 20 bytes", () => {
  it("takes at most 5 ms of radio with nothing waiting", async () => {
    expect(await measure(0)).toBeLessThanOrEqual(5);
  });

  it("takes at most 8 ms with three messages of 30 bytes waiting", async () => {
    expect(await measure(3)).toBeLessThanOrEqual(8);
  });
});
