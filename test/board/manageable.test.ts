import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeUtf8 } from "../../src/base/index.ts";
import { AgentWorld } from "./agent-world.ts";

describe("a board with as many evaluations under way as may be (real)", () => {
  it("is fed and does everything else: the one that has waited longest makes room", async () => {
    await using world = await AgentWorld.start({ feedMs: 20 });
    const board = await world.drive();
    const waiting = Array.from({ length: 64 }, async (_, index) =>
      board.evaluate(`new Promise((resolve) => { globalThis.resolve${index} = resolve })`),
    );
    for (const one of waiting) one.catch(() => {});
    await expect(waiting[0]).rejects.toMatchObject({
      detail: { code: "board/interrupted" },
      message: expect.stringMatching(/^it waited, and made room for another command/) as string,
    });
    const { feeds } = world.keeper;
    await expect.poll(() => world.keeper.feeds, { timeout: 10_000 }).toBeGreaterThan(feeds + 1);
    expect((await board.info()).state).toBe("online");
    expect(await board.list("/")).toEqual([]);
    expect(decodeUtf8(await board.evaluate("(resolve63(7), 'done')"))).toBe("'done'");
    expect(decodeUtf8((await waiting[63]) ?? new Uint8Array())).toBe("7");
    await board.reset("soft");
    expect(world.keeper.resets).toEqual(["soft"]);
  });
});

describe("a folder with links to a folder above it (real)", () => {
  it("is listed once: links are shown, and not followed", async () => {
    await using world = await AgentWorld.start();
    mkdirSync(join(world.root, "a"));
    for (const name of ["one", "two"]) symlinkSync(".", join(world.root, "a", name));
    writeFileSync(join(world.root, "a", "file"), "x");
    const board = await world.drive();
    const entries = await board.list("/", { recursive: true });
    expect(entries.map(({ name, folder }) => [name, folder])).toEqual([
      ["a", true],
      ["a/file", false],
      ["a/one", true],
      ["a/two", true],
    ]);
    // A link that is asked for itself is followed.
    expect((await board.list("a/one")).map(({ name }) => name)).toEqual(["file", "one", "two"]);
  });
});
