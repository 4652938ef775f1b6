import { beforeEach, describe, expect, it, vi } from "vitest";
import { decodeUtf8 } from "../../src/base/index.ts";
import type { RemoteBoard } from "../../src/remote/index.ts";
import { AgentWorld, base } from "../board/agent-world.ts";

describe("a call that a board has under way (real)", () => {
  let world: AgentWorld;
  let board: RemoteBoard;

  /** Evaluates what is not answered yet; resolves when the board has begun with it. */
  async function evaluate(source: string): Promise<{ end: Promise<unknown> }> {
    let begun = false;
    const end = board.evaluate(`print("begun"); ${source}`, { onOutput: () => (begun = true) });
    end.catch(() => {});
    await vi.waitFor(() => expect(begun).toBe(true));
    return { end };
  }

  beforeEach(async () => {
    world = await AgentWorld.start();
    board = await world.drive({ timeoutMs: 60_000 });
    return () => world[Symbol.asyncDispose]();
  });

  it("ends long before the timeout when the board is started anew, and the next one is done", async () => {
    const { end } = await evaluate("new Promise(() => {})");
    await world.restart();
    await expect(end).rejects.toMatchObject({
      code: "remote/restarted",
      message: `the board at ${base} was started anew while it worked at this; whether it was done is not known`,
    });
    expect(decodeUtf8(await board.evaluate("2+3"))).toBe("5");
  });

  it("ends when the agent says that it ends", async () => {
    const { end } = await evaluate("new Promise(() => {})");
    await world.agent.close();
    await expect(end).rejects.toMatchObject({
      code: "remote/restarted",
      message: `the board at ${base} ended while it worked at this; whether it was done is not known`,
    });
  });

  it("is answered by a board whose connection was away meanwhile", async () => {
    const { end } = await evaluate(
      "new Promise((done) => setTimeout(() => { print('done'); done(7) }, 1500))",
    );
    const heard = await world.listen(`${base}/info`);
    world.broker.pairs[0]?.left.close("abort");
    await vi.waitFor(() =>
      expect(heard.map(({ text }) => /"state":"(\w+)"/.exec(text)?.[1])).toContain("offline"),
    );
    await expect(end).resolves.toBeDefined();
  });

  it("is answered by a board that begins a session because it has many callers", async () => {
    const { session } = await board.info();
    const { end } = await evaluate("new Promise((done) => setTimeout(done, 2500))");
    const client = await world.connect();
    for (let callers = 0; callers < 64; callers++) await (await world.drive({ client })).evaluate("1");
    expect((await board.info()).session).not.toBe(session);
    await expect(end).resolves.toBeDefined();
  });

  it("is not the only one who hears that the board was started anew: so does who wants to know, once each time", async () => {
    let restarts = 0;
    board.onRestart(() => restarts++);
    const client = await world.connect();
    const { session } = await board.info();
    for (let callers = 0; callers < 65; callers++) await (await world.drive({ client })).evaluate("1");
    expect((await board.info()).session).not.toBe(session);
    expect(restarts).toBe(0);
    await world.restart();
    await vi.waitFor(() => expect(restarts).toBe(1));
    await world.restart();
    await vi.waitFor(() => expect(restarts).toBe(2));
  });

  it("is not held to be lost by what the broker had kept of a run before", async () => {
    const client = await world.connect();
    const former = { ...world.agent.info(), session: "ab".repeat(16), uptimeMs: 0 };
    await client.publish(`${base}/info`, JSON.stringify(former), { qos: 1, retain: true });
    let restarts = 0;
    const another = await world.drive();
    another.onRestart(() => restarts++);
    const heard = await world.listen(`${base}/info`);
    await vi.waitFor(() => expect(heard).toHaveLength(1));
    expect(decodeUtf8(await another.evaluate("2+3"))).toBe("5");
    expect(restarts).toBe(0);
  });

  it("is done for each of 200 callers at once, though a session is begun for every 64", async () => {
    const client = await world.connect();
    const callers = await Promise.all(Array.from({ length: 200 }, () => world.drive({ client })));
    const answers = await Promise.all(callers.map((caller) => caller.evaluate("2+3")));
    expect(new Set(answers.map((answer) => decodeUtf8(answer)))).toEqual(new Set(["5"]));
  });
});
