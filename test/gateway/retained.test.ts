import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import { GatewayNode } from "../../src/gateway/node.ts";
import { RetainedMessages } from "../../src/gateway/retained.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

const one = new GatewayNode("02000000aa01");
const two = new GatewayNode("02000000aa02");

function start(limit = 100) {
  const clock = new VirtualClock();
  const retained = new RetainedMessages(clock, limit);
  const recipients = (topic: string, text: string, subscribers: readonly GatewayNode[]) =>
    [...retained.recipients(topic, encodeUtf8(text), subscribers)]
      .map(({ address }) => address.slice(-1))
      .join("");
  return { clock, retained, recipients };
}

describe("RetainedMessages", () => {
  it("gives a message to all subscribers when it differs from the last on its topic, live or retained", () => {
    const { retained, recipients } = start();
    expect(recipients("t", "a", [one, two])).toBe("12");
    expect(recipients("t", "a", [one, two])).toBe("");
    retained.note("t", encodeUtf8("b"));
    expect(recipients("t", "b", [one, two])).toBe("");
    expect(recipients("t", "a", [one, two])).toBe("12");
  });

  it("gives a message to a node that waits for it, once, changed or not", () => {
    const { retained, recipients } = start();
    retained.note("t/x", encodeUtf8("a"));
    retained.wait("t/+", two);
    expect(recipients("t/x", "a", [one, two])).toBe("2");
    expect(recipients("t/x", "a", [one, two])).toBe("");
    expect(recipients("other", "a", [one])).toBe("1");
  });

  it("lets a wait last until ten seconds after the broker has answered", async () => {
    const { clock, retained, recipients } = start();
    retained.note("t", encodeUtf8("a"));
    retained.wait("t", one);
    await clock.advance(3_600_000);
    expect(retained.waiting).toBe(1);
    retained.answered("t");
    await clock.advance(9000);
    expect(recipients("t", "a", [one])).toBe("1");
    await clock.advance(15_000);
    expect(retained.waiting).toBe(0);
    expect(recipients("t", "a", [one])).toBe("");
  });

  it("ends the waits of different filters each in its time", async () => {
    const { clock, retained } = start();
    const waiting: number[] = [];
    for (const filter of ["a", "b", "c"]) {
      retained.wait(filter, one);
      retained.answered(filter);
      await clock.advance(4000);
      waiting.push(retained.waiting);
    }
    expect(waiting).toEqual([1, 2, 2]);
    await clock.advance(60_000);
    expect(retained.waiting).toBe(0);
  });

  it("remembers as many topics as it may, and forgets the one longest quiet", () => {
    const { retained, recipients } = start(2);
    retained.note("a", encodeUtf8("x"));
    retained.note("b", encodeUtf8("x"));
    retained.note("a", encodeUtf8("x"));
    retained.note("c", encodeUtf8("x"));
    expect(recipients("a", "x", [one])).toBe("");
    expect(recipients("b", "x", [one])).toBe("1");
  });

  it("sets no timer after it was closed", async () => {
    const { clock, retained } = start();
    retained.wait("t", one);
    retained.answered("t");
    retained.close();
    await clock.advance(60_000);
    expect(retained.waiting).toBe(1);
  });
});
