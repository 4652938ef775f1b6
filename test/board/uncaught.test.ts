import { createContext, runInContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { BoardLog } from "../../src/board/index.ts";
import { UncaughtErrors } from "../../src/board/uncaught.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

function createUncaught() {
  const clock = new VirtualClock();
  const log = new BoardLog({ clock });
  const lines = () => log.recent(1000).map((line) => line.replace(/^(.) \S+ +\S+: /, "$1 "));
  return { clock, lines, uncaught: new UncaughtErrors(log.logger("uncaught"), clock) };
}

describe("an error that nobody catches", () => {
  it("is logged with its stack, also one of the REPL's own context, and whatever else was thrown", () => {
    const { lines, uncaught } = createUncaught();
    uncaught.take(new Error("slip"));
    uncaught.take(runInContext("new Error('far away')", createContext({})));
    uncaught.take(undefined);
    const hostile: Record<string, unknown> = {};
    hostile["self"] = hostile;
    uncaught.take(hostile);
    uncaught.take(Object.create(null));
    uncaught.take({ toJSON() {} });
    const isNothing = { [Symbol.toPrimitive]: 1 };
    uncaught.take(Object.assign(() => {}, isNothing));
    const said = lines();
    expect(said.filter((line) => !line.includes("    at "))).toEqual([
      "E nobody has caught an error; going on",
      "E Error: slip",
      "E nobody has caught an error; going on",
      "E Error: far away",
      "E nobody has caught an error; going on",
      "E undefined",
      "E nobody has caught an error; going on",
      "E an object that cannot be printed",
      "E nobody has caught an error; going on",
      "E {}",
      "E nobody has caught an error; going on",
      "E an object that cannot be printed",
      "E nobody has caught an error; going on",
      "E an object that cannot be printed",
    ]);
    expect(said.some((line) => line.includes("uncaught.test.ts"))).toBe(true);
    expect(said.some((line) => line.includes("evalmachine"))).toBe(true);
  });

  it("is counted only, where there are many of them in a minute", async () => {
    const { clock, lines, uncaught } = createUncaught();
    for (let round = 0; round < 1000; round++) uncaught.take("slip");
    expect(lines()).toHaveLength(20);
    await clock.advance(60_000);
    expect(lines().slice(20)).toEqual(["E 990 more errors were caught by nobody"]);
    uncaught.take("again");
    await clock.advance(60_000);
    expect(lines().slice(21)).toEqual(["E nobody has caught an error; going on", "E again"]);
  });
});
