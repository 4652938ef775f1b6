import { describe, expect, it } from "vitest";
import { createSeededRandom, decodeUtf8, type Random, randomInteger } from "../../src/base/index.ts";
import { connect, type Message } from "../../src/mqtt/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";
import { ReferenceBroker } from "./reference-broker.ts";

/** When connections are cut: after how many bytes have arrived on which end, one entry a connection. */
type Cut = { readonly at: "left" | "right"; readonly after: number };

const upward = ["u1 q1", "u2 q2", "u3 q1", "u4 q2"];
const downward = ["d1 q1", "d2 q2", "d3 q1", "d4 q2"];

function qosOf(text: string): 1 | 2 {
  return text.endsWith("q2") ? 2 : 1;
}

/**
 * Lets a client and a broker exchange the messages above, both ways at once, over connections that are cut, and says
 * what arrived where, and how many bytes came in on either end of the first connection.
 */
async function converse(cuts: readonly Cut[], { forgetful = false, slowHandler = false } = {}) {
  const clock = new VirtualClock();
  const arrived = { left: 0, right: 0 };
  let first = { left: 0, right: 0 };
  const broker = new ReferenceBroker((bytes, at, pair) => {
    const cut = cuts[broker.connections - 1];
    const before = arrived[at];
    arrived[at] += bytes.length;
    if (broker.connections === 1) first = { ...arrived };
    if (cut?.at !== at || arrived[at] < cut.after) return [bytes];
    // What came before the cut still is read.
    void Promise.resolve().then(() => pair.cut());
    return before >= cut.after ? [] : [bytes.slice(0, cut.after - before)];
  });
  broker.forgetful = forgetful;
  for (const text of downward) broker.enqueue(text, qosOf(text));
  const received: string[] = [];
  const client = connect({
    open: () => {
      arrived.left = 0;
      arrived.right = 0;
      return broker.open();
    },
    clock,
    random: createSeededRandom(1),
    clientId: "c",
    clean: false,
    onMessage: async ({ payload }: Message) => {
      if (slowHandler) await new Promise<void>((resolve) => clock.setTimer(1, resolve));
      received.push(decodeUtf8(payload) ?? "");
    },
  });
  await clock.runUntil(Promise.all(upward.map((text) => client.publish("up", text, { qos: qosOf(text) }))));
  while (broker.pending > 0) await clock.advance(1000);
  await clock.runUntil(client.close());
  return { taken: broker.taken, received, bytes: first };
}

/** At QoS 1 each at least once, in the order of their first arrival; at QoS 2 each once. */
function expectComplete(arrived: readonly string[], sent: readonly string[]): void {
  expect([...new Set(arrived)]).toEqual(sent);
  expect(arrived.filter((text) => qosOf(text) === 2)).toEqual(sent.filter((text) => qosOf(text) === 2));
}

describe("a connection that is cut", () => {
  it("at any byte loses nothing, and doubles nothing at QoS 2", async () => {
    const { bytes } = await converse([]);
    expect(bytes.left).toBeGreaterThan(80);
    expect(bytes.right).toBeGreaterThan(80);
    for (const at of ["left", "right"] as const) {
      for (let after = 0; after <= bytes[at]; after++) {
        for (const slowHandler of [false, true]) {
          const { taken, received } = await converse([{ at, after }], { slowHandler });
          expectComplete(taken, upward);
          expectComplete(received, downward);
        }
      }
    }
  });

  it("again and again, at random bytes, loses nothing either", async () => {
    const seed = 20_261_120;
    const random = createSeededRandom(seed);
    for (let run = 0; run < 300; run++) {
      const { taken, received } = await converse(createCuts(random, 12), { slowHandler: run % 2 === 0 });
      expect({ run, seed, complete: new Set(taken).size }).toEqual({ run, seed, complete: upward.length });
      expectComplete(taken, upward);
      expectComplete(received, downward);
    }
  });

  it("with the session lost each time loses nothing", async () => {
    const random = createSeededRandom(7);
    for (let run = 0; run < 100; run++) {
      const { taken, received } = await converse(createCuts(random, 5), { forgetful: true });
      expect([...new Set(taken)].toSorted()).toEqual(upward);
      expect([...new Set(received)].toSorted()).toEqual(downward);
    }
  });
});

function createCuts(random: Random, count: number): Cut[] {
  return Array.from({ length: count }, () => ({
    at: random.next() < 0.5 ? "left" : "right",
    after: randomInteger(random, 0, 140),
  }));
}
