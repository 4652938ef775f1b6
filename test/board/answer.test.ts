import { describe, expect, it } from "vitest";
import { decodeBoardPacket, highestSequence } from "../../src/wire/index.ts";
import { Answer } from "../../src/board/answer.ts";
import { Unproven } from "../../src/board/unproven.ts";
import { VirtualClock } from "../../src/virtual/index.ts";
import { AgentWorld } from "./agent-world.ts";
import { createAnswer } from "./noted-answer.ts";

describe("answers to those who have proven nothing", () => {
  it("wait for the broker up to a bound, beyond which none goes out; others do", () => {
    const clock = new VirtualClock();
    const unproven = new Unproven();
    const settle: (() => void)[] = [];
    const publish = () => new Promise<void>((resolve) => settle.push(resolve));
    const answer = () =>
      new Answer({ clock, client: { publish }, base: "b", id: "id", size: 1000, unproven });
    for (let index = 0; index < 200; index++) answer().end("x".repeat(998));
    expect(settle).toHaveLength(65);
    const proven = answer();
    proven.trust();
    proven.end("x".repeat(998));
    expect(settle).toHaveLength(66);
  });

  it("go out again when the broker has what was sent", async () => {
    const unproven = new Unproven();
    expect(unproven.takes(65_536)).toBe(true);
    expect(unproven.takes(1)).toBe(false);
    unproven.settle(65_536);
    await using world = await AgentWorld.start({ trusted: [new Uint8Array(32)] });
    const board = await world.drive();
    for (let index = 0; index < 200; index++) expect((await board.info()).state).toBe("online");
  });
});

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
