import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Clock, encodeUtf8 } from "../../src/base/index.ts";
import { Feeder } from "../../src/board/feeder.ts";
import { connect, systemClock } from "../../src/node/index.ts";
import { NodeBoardFiles } from "../../src/node/board/files.ts";
import { VmRepl } from "../../src/node/board/repl.ts";
import { encodeBoardPacket } from "../../src/wire/index.ts";
import { have } from "../support/external.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { AgentWorld, base, services } from "./agent-world.ts";

describe("a folder with a name that is no UTF-8 (real)", () => {
  it("is listed, and takes files", async () => {
    await using world = await AgentWorld.start();
    mkdirSync(join(world.root, "odd"));
    const folder = Buffer.from(join(world.root, "odd/"));
    writeFileSync(Buffer.concat([folder, Uint8Array.of(0xff, 0x61)]), "x");
    mkdirSync(Buffer.concat([folder, Uint8Array.of(0xfe)]));
    const board = await world.drive();
    await board.put("odd/even", encodeUtf8("x"));
    const entries = await board.list("odd", { recursive: true, digest: true });
    expect(entries.map(({ name, size }) => [name, size])).toEqual([
      ["even", 1],
      ["\ufffd", 0],
      ["\ufffda", 0],
    ]);
  });
});

describe("what fails on the board without a code of its own (real)", () => {
  it("is not taken for an evaluation that threw", async () => {
    class BrokenFiles extends NodeBoardFiles {
      override list(): Promise<never> {
        return Promise.reject(new TypeError("it was not made for this"));
      }
    }
    await using world = await AgentWorld.start({ files: (root) => new BrokenFiles(root) });
    const board = await world.drive();
    await expect(board.list("/")).rejects.toMatchObject({
      message: "it was not made for this",
      detail: { code: "board/failed" },
    });
    // What fetch throws names what is wrong only in its cause, and a cause may be its own.
    await expect(
      board.evaluate("throw new TypeError('fetch failed', { cause: new Error('nobody listens') })"),
    ).rejects.toThrow(/^TypeError: fetch failed\n.*\ncaused by Error: nobody listens\n/);
    await expect(board.evaluate("const e = new Error('round'); e.cause = e; throw e")).rejects.toThrow(
      /^Error: round/,
    );
    await expect(board.evaluate("throw 7")).rejects.toMatchObject({ detail: { code: "board/evaluation" } });
  });
});

describe("a put in the middle of which the agent ends in good order (real)", () => {
  it("goes on with the agent that is started next", async () => {
    await using world = await AgentWorld.start({ partBytes: 1000, windowBytes: 4000 });
    const board = await world.drive({ timeoutMs: 20_000 });
    let restarting: Promise<void> | undefined;
    const restart = async () => {
      await world.agent.close();
      await world.restart();
    };
    const content = randomBytes(200_000);
    await board.put("file", content, {
      onProgress: (done) => {
        if (done > 50_000) restarting ??= restart();
      },
    });
    await restarting;
    expect(Buffer.compare(readFileSync(join(world.root, "file")), content)).toBe(0);
  });
});

describe("a board whose clock is set, forward and back (real)", () => {
  it("goes on with files, calls and feeds, and logs by the new time", async () => {
    let stepMs = 0;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + stepMs };
    await using world = await AgentWorld.start({ clock, feedMs: 50, partBytes: 1000, windowBytes: 4000 });
    const board = await world.drive();
    const content = randomBytes(300_000);
    const yearMs = 365 * 86_400_000;
    for (const toMs of [10 * yearMs, -3 * yearMs, -30 * yearMs, 0]) {
      const { feeds } = world.keeper;
      const onProgress = (done: number) => {
        if (done > 100_000) stepMs = toMs;
      };
      await board.put("file", content, { onProgress });
      expect(Buffer.compare(readFileSync(join(world.root, "file")), content)).toBe(0);
      expect(Buffer.from(await board.evaluate("6*7")).toString()).toBe("42");
      await expect.poll(() => world.keeper.feeds).toBeGreaterThan(feeds + 1);
      world.log.logger("clock").info("set");
      const last = world.log.recent(1)[0] ?? "";
      // Before 2020 a clock is taken to be not set: then lines count from the start.
      expect(last).toMatch(toMs < -5 * yearMs ? /^I +\d+ +clock: set$/ : /^I [\d:.]{12} +clock: set$/);
    }
  });
});

describe("a prefix (real)", () => {
  it("that a second board has is warned of, but not the board's own runs before", async () => {
    await using world = await AgentWorld.start();
    const warnings = () => world.log.recent(100).filter((line) => line.includes("another board"));
    // A killed agent's information may still say that it is online.
    const stale = JSON.stringify(world.agent.info());
    const client = await world.connect();
    await world.restart();
    await client.publish(`${base}/info`, stale, { qos: 1, retain: true });
    await expect.poll(() => warnings().length).toBe(1);
    await world.restart();
    const board = await world.drive();
    await board.evaluate("1");
    expect(warnings()).toHaveLength(1);
    const other = JSON.stringify({ ...world.agent.info(), session: "ab".repeat(16) });
    await client.publish(`${base}/info`, JSON.stringify({ state: "offline", name: "shed" }), { qos: 1 });
    await client.publish(`${base}/info`, other, { qos: 1, retain: true });
    await expect.poll(() => warnings().length).toBe(2);
    expect(warnings()[1]).toContain(`at ${base}: give each board a prefix of its own`);
  });
});

describe("a board that has ended (real)", () => {
  it("stays offline for those who look, though its connection comes back meanwhile", async () => {
    await using world = await AgentWorld.start();
    const client = await world.connect();
    const states: unknown[] = [];
    await client.subscribe(`${base}/info`, { qos: 1 }, ({ payload }) => {
      states.push((JSON.parse(Buffer.from(payload).toString()) as { state: unknown }).state);
    });
    await world.agent.close();
    world.agent.linked(true);
    await world.agentClient.publish(`${base}/info`, '{"state":"last"}', { qos: 1 });
    await expect.poll(() => states.at(-1)).toBe("last");
    expect(states).toEqual(["online", "offline", "last"]);
  });
});

describe("messages that are no commands (real)", () => {
  it("are said once and counted, and do not keep a second board from being warned of", async () => {
    await using world = await AgentWorld.start();
    const client = await world.connect();
    for (let index = 0; index < 120; index++) {
      await client.publish(`${base}/cmd/odd${index}`, "x", { qos: 1 });
      await client.publish(`${base}/cmd/eval/odd${index}`, "x", { qos: 1 });
    }
    const other = JSON.stringify({ ...world.agent.info(), session: "ab".repeat(16) });
    await client.publish(`${base}/info`, other, { qos: 1, retain: true });
    const warnings = () => world.log.recent(1000).filter((line) => line.startsWith("W"));
    await expect.poll(() => warnings().at(-1)).toContain("another board");
    expect(warnings()).toHaveLength(3);
    expect(warnings()[0]).toContain(`a message at "${base}/cmd/odd0" is no command`);
    const board = await world.drive();
    expect((await board.info()).ignored).toEqual({ foreign: 120, malformed: 120 });
  });
});

describe("what a call prints when it has ended (real)", () => {
  it("is not lost", async () => {
    const folder = mkdtempSync(join(tmpdir(), "moteq-repl-"));
    const late: string[] = [];
    const repl = new VmRepl({
      bindings: {},
      from: join(folder, "x.js"),
      printLate: (text) => void late.push(text),
    });
    const said: string[] = [];
    await repl.evaluate("setTimeout(() => print('tick'), 1); print('now')", (text) => void said.push(text));
    await expect.poll(() => late).toEqual(["tick\n"]);
    await repl.evaluate("await 0; print('then'); setTimeout(() => print('tock'), 1)", (text) => {
      said.push(text);
    });
    await expect.poll(() => late).toEqual(["tick\n", "tock\n"]);
    expect(said).toEqual(["now\n", "then\n"]);
    rmSync(folder, { recursive: true });
  });
});

describe.runIf(have("mosquitto"))("a broker that does not let a board feed itself (real)", () => {
  it("is noticed before the watchdog bites, although MQTT 3.1.1 does not say that something is refused", async () => {
    const folder = mkdtempSync(join(tmpdir(), "moteq-acl-"));
    writeFileSync(join(folder, "acl"), `user board\ntopic write ${base}/reply/#\n`, { mode: 0o600 });
    await using broker = await startMosquitto({
      users: { board: "secret" },
      config: [`acl_file ${join(folder, "acl")}`],
    });
    const client = connect(broker.url, { username: "board", password: "secret" });
    await client.ready();
    let lost = 0;
    const feeder = new Feeder({
      client,
      ...services,
      base,
      everyMs: 50,
      onFed: () => {},
      onLost: () => void lost++,
    });
    feeder.start();
    await expect.poll(() => lost, { timeout: 20_000 }).toBeGreaterThan(0);
    feeder.stop();
    await client.close();
    rmSync(folder, { recursive: true });
  });
});

describe("a call with a wrong header (real)", () => {
  it.each([
    ["a later message", { sequence: 1, last: true }],
    ["one that others are to follow", { sequence: 0, last: false }],
  ])("is refused: %s", async (_what, header) => {
    await using world = await AgentWorld.start();
    const heard = await world.listen();
    const client = await world.connect();
    const payload = encodeBoardPacket({ ...header, body: new Uint8Array(40) });
    await client.publish(`${base}/cmd/call/headed`, payload, { qos: 1 });
    await expect.poll(() => heard[0]?.text).toMatch(/^board\/bad-command: a call is one message/);
  });
});
