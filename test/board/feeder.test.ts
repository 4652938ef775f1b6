import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import { Feeder } from "../../src/board/feeder.ts";
import { PrefixWatch } from "../../src/board/prefix-watch.ts";
import type { Message } from "../../src/mqtt/index.ts";
import { encodeBoardPacket, uncounted } from "../../src/wire/index.ts";
import { NodeBoardFiles } from "../../src/node/board/files.ts";
import { AgentWorld, base, services } from "./agent-world.ts";

const feedTopic = `${base}/cmd/call/0F00D`;

const ignore = () => {};
const answer = (text: string) =>
  encodeBoardPacket({ sequence: uncounted, last: true, body: encodeUtf8(text) });
/** What is heard of a board that is online. */
const announce = (session: string, retain: boolean) => ({
  info: { state: "online" as const, session },
  retain,
});

/** What a board sends round to feed its watchdog, from now on. */
async function listenToFeeds(world: AgentWorld): Promise<Uint8Array[]> {
  const heard: Uint8Array[] = [];
  const client = await world.connect();
  await client.subscribe(feedTopic, { qos: 1 }, ({ payload }: Message) => void heard.push(payload.slice()));
  return heard;
}

function tokenIn(feed: Uint8Array | undefined): string {
  const [token] = /[0-9a-f]{16}/.exec(Buffer.from(feed ?? []).toString()) ?? [];
  if (token === undefined) throw new Error("no feed was heard");
  return token;
}

describe("a watchdog (real)", () => {
  it("is fed by no token that was not sent round, and by none that has come home", async () => {
    await using world = await AgentWorld.start({ feedMs: 600_000 });
    await expect.poll(() => world.keeper.feeds).toBe(1);
    const heard = await listenToFeeds(world);
    world.agent.linked(true);
    await expect.poll(() => world.keeper.feeds).toBe(2);
    const client = await world.connect();
    await client.publish(feedTopic, heard[0] ?? "", { qos: 1 });
    const board = await world.drive();
    for (const token of ["guessed", "", String(undefined)]) {
      await board.evaluate(`watchdog.feed(${JSON.stringify(token)})`);
    }
    await board.evaluate(`watchdog.feed("${tokenIn(heard[0])}")`);
    expect(world.keeper.feeds).toBe(2);
  });

  it("takes each feed that did not come home once, and no more than the last 64", async () => {
    await using world = await AgentWorld.start();
    const heard = await listenToFeeds(world);
    const client = await world.connect();
    const options = { client, ...services, base, everyMs: 600_000, onFed: ignore, onLost: ignore };
    const feeder = new Feeder(options);
    for (let round = 0; round < 66; round++) feeder.start();
    await expect.poll(() => heard).toHaveLength(66);
    const take = () => heard.map((payload) => feeder.take(payload.subarray(2)));
    const former = ["foreign", "foreign"];
    expect(take()).toEqual([...former, ...Array.from({ length: 64 }, () => "own")]);
    expect(take()).toEqual([...former, ...Array.from({ length: 64 }, () => "repeated")]);
    feeder.stop();
  });

  it("is said not to be fed when a third feed has not come home, and not before", async () => {
    await using world = await AgentWorld.start();
    const client = await world.connect();
    let lost = 0;
    const options = { client, ...services, base, everyMs: 600_000, onFed: ignore, onLost: () => void lost++ };
    const feeder = new Feeder(options);
    for (let sent = 0; sent < 3; sent++) feeder.start();
    expect(lost).toBe(0);
    feeder.start();
    expect(lost).toBe(1);
    feeder.stop();
  });

  it("takes no stranger's broken call for its own that was refused", async () => {
    await using world = await AgentWorld.start({ feedMs: 600_000 });
    await expect.poll(() => world.keeper.feeds).toBe(1);
    const client = await world.connect();
    const refusals: Uint8Array[] = [];
    await client.subscribe(
      `${base}/reply/err/0F00D`,
      { qos: 1 },
      ({ payload }) => void refusals.push(payload),
    );
    await client.publish(feedTopic, Uint8Array.of(0, 1, 2), { qos: 1 });
    await expect.poll(() => world.agent.info().ignored).toMatchObject({ foreign: 1 });
    const board = await world.drive();
    await board.evaluate("1");
    expect(refusals).toEqual([]);
  });

  it("that is refused its feed says so", async () => {
    await using world = await AgentWorld.start();
    const client = await world.connect();
    await client.publish(`${base}/reply/err/0F00D`, "board/busy: no place", { qos: 1 });
    const log = () => world.log.recent(100).join("\n");
    await expect.poll(log).toContain('the watchdog\'s feed was refused: "board/busy: no place"');
  });

  it("that may not hear its answers, nor what is announced, keeps nobody from driving the board", async () => {
    await using world = await AgentWorld.start();
    const refused = new Set([`${base}/reply/+/0F00D`, `${base}/info`]);
    world.broker.aedes.authorizeSubscribe = (_client, wanted, done) => {
      done(null, refused.has(wanted.topic) ? null : wanted);
    };
    await world.restart();
    const board = await world.drive();
    expect(Buffer.from(await board.evaluate("6 * 7")).toString()).toBe("42");
  });

  it("is not fed by an answer that says nothing of its evaluation, and not by one that the broker had kept", async () => {
    await using world = await AgentWorld.start();
    const heard = await listenToFeeds(world);
    const client = await world.connect();
    let fed = 0;
    const options = { client, ...services, base, everyMs: 600_000, onFed: () => void fed++, onLost: ignore };
    const feeder = new Feeder(options);
    feeder.start();
    await expect.poll(() => heard).toHaveLength(1);
    const token = tokenIn(heard[0]);
    feeder.receive({ payload: answer(`'${token}'`), retain: false });
    expect(feeder.evaluated(token)).toBe(token);
    feeder.receive({ payload: answer("'something'"), retain: false });
    feeder.receive({ payload: answer(`'${token}'`), retain: true });
    expect(fed).toBe(0);
    feeder.receive({ payload: answer(`'${token}'`), retain: false });
    feeder.receive({ payload: answer(`'${token}'`), retain: false });
    expect(fed).toBe(1);
    feeder.stop();
  });

  it("is not fed while the board's files do not answer, and is when they answer that the disk is broken", async () => {
    class Stuck extends NodeBoardFiles {
      override stat(): Promise<undefined> {
        return isStuck ? new Promise(() => {}) : Promise.reject(new Error("EIO"));
      }
    }
    let isStuck = true;
    await using world = await AgentWorld.start({ feedMs: 20, files: (root) => new Stuck(root) });
    const heard = await listenToFeeds(world);
    await expect.poll(() => heard.length).toBeGreaterThan(3);
    expect(world.keeper.feeds).toBe(0);
    isStuck = false;
    await expect.poll(() => world.keeper.feeds).toBeGreaterThan(0);
  });

  it("is not fed where the board may not publish its answers, which is said", async () => {
    const isAllowed = { answers: false };
    await using world = await AgentWorld.start({
      feedMs: 20,
      mayPublish: (topic) => isAllowed.answers || !topic.startsWith(`${base}/reply/`),
    });
    const log = () => world.log.recent(1000).join("\n");
    await expect.poll(log).toContain(`may the board publish at ${base}/cmd/call/0F00D and ${base}/reply/#`);
    expect(world.keeper.feeds).toBe(0);
    isAllowed.answers = true;
    await expect.poll(() => world.keeper.feeds).toBeGreaterThan(0);
  });

  it("misses no feed while there is no connection", async () => {
    await using world = await AgentWorld.start();
    const client = await world.connect();
    await client.close();
    let lost = 0;
    const onLost = () => void lost++;
    const feeder = new Feeder({ client, ...services, base, everyMs: 600_000, onFed: ignore, onLost });
    for (let round = 0; round < 6; round++) feeder.start();
    feeder.stop();
    expect(lost).toBe(0);
  });
});

describe("another board at a board's prefix (real)", () => {
  it("that has ended does not leave this one called offline", async () => {
    await using world = await AgentWorld.start();
    const client = await world.connect();
    const heard: { state: string; session?: string }[] = [];
    await client.subscribe(`${base}/info`, { qos: 1 }, ({ payload }) => {
      heard.push(JSON.parse(Buffer.from(payload).toString()) as { state: string });
    });
    const offline = JSON.stringify({ state: "offline", name: "other" });
    for (let round = 0; round < 10; round++) {
      await client.publish(`${base}/info`, offline, { qos: 1, retain: true });
    }
    const { session } = world.agent.info();
    await expect.poll(() => heard.at(-1), { timeout: 5000 }).toMatchObject({ state: "online", session });
    expect(heard.filter(({ state }) => state === "online").length).toBeLessThanOrEqual(2);
    await world.agent.close();
    await expect.poll(() => heard.at(-1)?.state).toBe("offline");
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(heard.at(-1)?.state).toBe("offline");
  });

  it("is noticed by both: the one that ran already announces itself anew, once", async () => {
    await using world = await AgentWorld.start();
    const client = await world.connect();
    const heard: { session: string; retain: boolean }[] = [];
    await client.subscribe(`${base}/info`, { qos: 1 }, ({ payload, retain }) => {
      heard.push({ ...(JSON.parse(Buffer.from(payload).toString()) as { session: string }), retain });
    });
    const { session } = world.agent.info();
    const other = JSON.stringify({ state: "online", name: "other", session: "ab".repeat(16) });
    for (let round = 0; round < 5; round++) {
      await client.publish(`${base}/info`, other, { qos: 1, retain: true });
    }
    const again = () => heard.filter((one) => one.session === session && !one.retain);
    await expect.poll(again).toHaveLength(1);
    expect(world.log.recent(1000).join("\n")).toContain("give each board a prefix of its own");
  });
});

describe("what is announced at a board's prefix", () => {
  it("is the agent's that ran before, if the broker kept it from before; anything else is another board's", () => {
    const watch = new PrefixWatch((session) => session === "own");
    expect(watch.isForeign(announce("former", true))).toBe(false);
    expect(watch.isForeign(announce("own", false))).toBe(false);
    expect(watch.isForeign(announce("former", true))).toBe(false);
    expect(watch.isForeign(announce("other", true))).toBe(true);
    expect(watch.isForeign(announce("former", false))).toBe(true);
    const late = new PrefixWatch((session) => session === "own");
    expect(late.isForeign(announce("own", true))).toBe(false);
    expect(late.isForeign(announce("former", true))).toBe(true);
  });
});
