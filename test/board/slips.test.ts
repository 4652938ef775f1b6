import { describe, expect, it } from "vitest";
import { AgentWorld } from "./agent-world.ts";

describe("a slip in the REPL (real)", () => {
  it.each([
    "let watchdog = 1",
    "const watchdog = 1",
    "class watchdog {}",
    "var watchdog = 1",
    "function watchdog() {}",
    "watchdog = 1",
    "globalThis.watchdog = 1",
    "delete globalThis.watchdog",
    "Object.defineProperty(globalThis, 'watchdog', { value: 1 })",
    "watchdog.feed = 1",
    "let globalThis = 1",
    "globalThis = {}",
    "let board = 1",
    "let eval = 1, String = 2",
    "Object.prototype.feed = 1",
  ])("does not starve the watchdog: %s", async (slip) => {
    await using world = await AgentWorld.start({ feedMs: 10 });
    const board = await world.drive();
    // Some are refused, which is as well.
    await board.evaluate(slip).catch(() => {});
    const { feeds } = world.keeper;
    await expect.poll(() => world.keeper.feeds, { timeout: 10_000 }).toBeGreaterThan(feeds + 2);
  });
});
