import { describe, expect, it } from "vitest";
import { Confirmations } from "../../src/gateway/confirmations.ts";
import type { BrokerLink } from "../../src/gateway/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

/** A link of which the test says when the broker answers. */
function createLink() {
  const asked: { answer: () => void; end: (error: Error) => void }[] = [];
  const link: BrokerLink = {
    connected: true,
    publish: async () => {},
    ping: () => new Promise((answer, end) => asked.push({ answer, end })),
    subscribe: async () => ({ unsubscribe: async () => {} }),
  };
  const clock = new VirtualClock();
  const told: string[] = [];
  const tell = (what: string) => (messages: readonly number[]) =>
    void told.push(`${what} ${messages.join(" ")}`);
  const events = { onThere: tell("there"), onDoubt: tell("doubt"), onGone: tell("gone") };
  return { asked, clock, told, confirmations: new Confirmations<number>(link, clock, events) };
}

describe("what was handed over at QoS 0", () => {
  it("is with the broker when a PINGREQ behind it is answered, all of a turn by one", async () => {
    const { asked, clock, told, confirmations } = createLink();
    for (const number of [1, 2, 3]) confirmations.add(number);
    await clock.advance(1);
    expect([asked.length, told]).toEqual([1, []]);
    confirmations.add(4);
    asked[0]?.answer();
    await clock.advance(10);
    expect([asked.length, told]).toEqual([2, ["there 1 2 3"]]);
    asked[1]?.answer();
    await clock.advance(1000);
    expect([asked.length, told]).toEqual([2, ["there 1 2 3", "there 4"]]);
  });

  it("is in doubt when the broker is silent, and so is what comes until it answers", async () => {
    const { asked, clock, told, confirmations } = createLink();
    confirmations.add(1);
    await clock.advance(10);
    confirmations.add(2);
    await clock.advance(50);
    confirmations.add(3);
    expect(told).toEqual(["doubt 1 2", "doubt 3"]);
    asked[0]?.answer();
    await clock.advance(10);
    asked[1]?.answer();
    await clock.advance(1);
    expect(told.slice(2)).toEqual(["there 1", "there 2 3"]);
  });

  it("is gone when the connection ends before", async () => {
    const { asked, clock, told, confirmations } = createLink();
    confirmations.add(1);
    await clock.advance(1);
    asked[0]?.end(new Error("over"));
    await clock.advance(100);
    expect([asked.length, told]).toEqual([1, ["gone 1"]]);
  });
});
