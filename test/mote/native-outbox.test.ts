import { describe, expect, it } from "vitest";
import { Outbox } from "../../src/mote/native-outbox.ts";
import type { NodeSession } from "../../src/mote/native-session.ts";

/** One in which no topic has an alias. */
const session = { shorten: (name: string) => ({ name, alias: undefined }) } as unknown as NodeSession;

function reading(bytes: number, topic: string) {
  return { type: "publish", topic, payload: "ab".repeat(bytes), retain: false, qos: 1, takenAt: 0 } as const;
}

describe("the outbox of a native node", () => {
  it("says the next long reading from its beginning when one is dropped of which parts had come", () => {
    const outbox = new Outbox(2, 0);
    const settled: string[] = [];
    const encode = () => outbox.encode(session, 0, 200, 220).length;
    outbox.add(reading(600, "a"), (fate) => settled.push(`a ${fate}`));
    expect(encode()).toBe(3);
    outbox.noteHave(0, Uint8Array.of(0b011));
    expect(encode()).toBe(1);
    outbox.add(reading(300, "b"), (fate) => settled.push(`b ${fate}`));
    outbox.add(reading(300, "c"), (fate) => settled.push(`c ${fate}`));
    expect(settled).toEqual(["a dropped"]);
    expect(encode()).toBe(2);
  });
});
