import { describe, expect, it } from "vitest";
import { decodeBoardPacket, highestSequence } from "../../src/wire/index.ts";
import { createAnswer } from "./noted-answer.ts";

describe("the answer to a command", () => {
  it("has no more messages than can be counted, and keeps a number for its end", () => {
    const { answer, said } = createAnswer();
    for (let index = 0; index < highestSequence + 10; index++) answer.say("x");
    expect([said.length, answer.isFull]).toEqual([highestSequence, true]);
    answer.end("y");
    const last = decodeBoardPacket(said.at(-1)?.payload ?? new Uint8Array());
    expect(last).toMatchObject({ sequence: highestSequence, last: true });
  });

  it.each([50, 10])(
    "that is longer than its broker takes is refused once, if at all: %i bytes",
    async (most) => {
      const { clock, answer, said } = createAnswer(most);
      for (let index = 0; index < 10; index++) answer.write("x".repeat(100));
      answer.end("x");
      await clock.advance(100);
      const refusals = said.map(({ payload }) => Buffer.from(payload).toString()).slice(1);
      expect(refusals).toEqual(most > 30 ? ["board/too-long: at most so much"] : []);
    },
  );

  it("to the original program is refused without a code, also where it grows too long by itself", async () => {
    const { clock, answer, said } = createAnswer(50, true);
    answer.write("x".repeat(100));
    await clock.advance(100);
    expect(said.map(({ payload }) => Buffer.from(payload).toString())).toEqual(["at most so much"]);
  });
});
