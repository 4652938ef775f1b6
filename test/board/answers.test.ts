import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Answer } from "../../src/board/answer.ts";
import { boardErrors, type FileEntry } from "../../src/board/index.ts";
import { NodeBoardFiles } from "../../src/node/board/files.ts";
import { AgentWorld, base, createCaller, services } from "./agent-world.ts";

describe("an answer (real)", () => {
  it("that is printed faster than it can be sent is cut off at 4 MiB", async () => {
    await using world = await AgentWorld.start();
    const board = await world.drive();
    const print = (times: number) =>
      board.evaluate(`for (let i = 0; i < ${times}; i++) print("x".repeat(9999))`);
    expect((await print(300)).length).toBe(3_000_000);
    await expect(print(600)).rejects.toMatchObject({ detail: { code: "board/too-long" } });
  });

  it("has no more messages than can be counted", async () => {
    await using world = await AgentWorld.start();
    const client = await world.connect();
    const answer = new Answer({ ...services, client, base, id: "long", size: 1 });
    const write = () => answer.write(new Uint8Array(40_000));
    expect(write).toThrow(
      expect.toSatisfy((error: unknown) => boardErrors.is(error, "board/too-long")) as Error,
    );
  });

  it("that refuses is no longer than 8000 characters", async () => {
    await using world = await AgentWorld.start();
    const heard = await world.listen();
    const board = await world.drive();
    await expect(board.evaluate("throw new Error('x'.repeat(1e6))")).rejects.toThrow(/^Error: x/);
    expect(heard.at(-1)?.text.length).toBe("board/evaluation: ".length + 8000);
  });

  it("waits for the broker: a long folder comes whole", async () => {
    class LongFolder extends NodeBoardFiles {
      override list(): Promise<FileEntry[]> {
        const names = Array.from({ length: 17_000 }, (_, index) => `${index}`.padEnd(255, "x"));
        return Promise.resolve(names.map((name) => ({ name, folder: false, size: 0 })));
      }
    }
    await using world = await AgentWorld.start({ files: (root) => new LongFolder(root) });
    const board = await world.drive();
    expect(await board.list("")).toHaveLength(17_000);
  });

  it("gives at most 1 MiB of a file, and 100 words", async () => {
    await using world = await AgentWorld.start();
    const heard = await world.listen();
    const call = await createCaller(world, await world.connect());
    writeFileSync(join(world.root, "file"), "");
    truncateSync(join(world.root, "file"), 2_000_000);
    await call({ do: "get", path: "file", offset: 0, size: 1_048_577 }, { number: 1 }).sent;
    await expect
      .poll(() => heard.at(-1)?.text)
      .toBe("board/too-long: get gives at most 1048576 bytes at once, 1048577 were asked for");
    const source = "for (let i = 0; i < 150; i++) globalThis[`many${i}`] = i";
    await call({ do: "eval", source }, { number: 2 }).sent;
    await call({ do: "complete", text: "many" }, { number: 3 }).sent;
    await expect.poll(() => heard.at(-1)?.text).toContain("many");
    expect(JSON.parse(heard.at(-1)?.text.slice(2) ?? "")).toHaveLength(100);
  });

  it("lists folders 32 deep, and into no link", async () => {
    await using world = await AgentWorld.start();
    mkdirSync(join(world.root, "a/".repeat(40)), { recursive: true });
    symlinkSync("..", join(world.root, "a/link"));
    const board = await world.drive();
    const names = (await board.list("", { recursive: true })).map(({ name }) => name);
    expect(names).toContain("a/link");
    expect(names).toHaveLength(34);
    expect(names).toContain("a/".repeat(33).slice(0, -1));
  });
});
