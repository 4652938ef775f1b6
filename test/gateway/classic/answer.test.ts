import { describe, expect, it } from "vitest";
import { decodeUtf8 } from "../../../src/base/index.ts";
import { judgePublication, refusePublication, type Situation } from "../../../src/gateway/classic/answer.ts";

function judge(situation: Partial<Situation>) {
  const { refusal, reply } = judgePublication({
    dialect: "link",
    acknowledge: false,
    connected: true,
    waiting: 0,
    limit: 10,
    ...situation,
  });
  return [refusal ?? "accepted", reply && decodeUtf8(reply)];
}

describe("judgePublication", () => {
  it.each([
    [{}, "accepted", "ACK"],
    [{ waiting: 4 }, "accepted", "ACK"],
    [{ waiting: 5 }, "accepted", "NAK"],
    [{ waiting: 9 }, "accepted", "NAK"],
    [{ waiting: 10 }, "too-many-uplinks", "BAD"],
    [{ connected: false }, "accepted", "NAK"],
    [{ connected: false, waiting: 10 }, "too-many-uplinks", "BAD"],
    [{ acknowledge: true }, "accepted", "ACK"],
    [{ limit: 1 }, "accepted", "ACK"],
  ])("answers a link node %j: %s, %s", (situation, verdict, reply) => {
    expect(judge(situation)).toEqual([verdict, reply]);
  });

  it.each([
    [{}, "accepted", undefined],
    [{ acknowledge: true }, "accepted", '["ACK", "ACK"]'],
    [{ waiting: 9, acknowledge: true }, "accepted", '["ACK", "ACK"]'],
    [{ waiting: 10 }, "too-many-uplinks", '["OUT", "OUT"]'],
    [{ connected: false }, "broker-out", '["OUT", "OUT"]'],
    [{ connected: false, acknowledge: true }, "broker-out", '["OUT", "OUT"]'],
  ])("answers a prototype node %j: %s, %s", (situation, verdict, reply) => {
    expect(judge({ ...situation, dialect: "prototype" })).toEqual([verdict, reply]);
  });

  it("says BAD to what can never be accepted, for which prototype has no word", () => {
    expect(decodeUtf8(refusePublication("link") ?? new Uint8Array())).toBe("BAD");
    expect(refusePublication("prototype")).toBeUndefined();
  });
});
