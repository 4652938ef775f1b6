import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8, fromHex } from "../../src/base/index.ts";
import type { MqttClient } from "../../src/mqtt/index.ts";
import type { RemoteBoard } from "../../src/remote/index.ts";
import { encodeBoardPacket, splitIntoPackets, uncounted } from "../../src/wire/index.ts";
import { AgentWorld, base } from "./agent-world.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Sends a command as the original program does, and gives back what comes under its id. */
async function ask(
  world: AgentWorld,
  command: string,
  tail: string | undefined,
  body: Uint8Array,
  id: string = randomBytes(6).toString("base64url"),
) {
  const heard: { kind: string; sequence: number; last: boolean; text: string }[] = [];
  const client = await world.connect();
  let ended = false;
  await client.subscribe(`${base}/reply/+/${id}`, { qos: 1 }, ({ topic, payload }) => {
    const kind = topic.split("/").at(-2) ?? "";
    const plain = kind === "err";
    const header = plain ? 0xffff : ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
    const said = Buffer.from(plain ? payload : payload.subarray(2)).toString("latin1");
    heard.push({ kind, sequence: header & 0x7fff, last: header >= 0x8000, text: said });
    if (plain || (header >= 0x8000 && !said.startsWith("SEQ "))) ended = true;
  });
  for (const packet of splitIntoPackets(body, 1400)) {
    const topic = `${base}/cmd/${command}/${id}${tail === undefined ? "" : `/${tail}`}`;
    void client.publish(topic, encodeBoardPacket(packet), { qos: 1 });
  }
  await expect.poll(() => ended, { timeout: 10_000 }).toBe(true);
  await client.close();
  return heard;
}

describe("a board with moteq's agent (real)", () => {
  let world: AgentWorld;
  let board: RemoteBoard;
  let client: MqttClient;
  const text = async (source: string) => decodeUtf8(await board.evaluate(source));

  async function read(path: string): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    await board.get(path, (bytes) => void pieces.push(bytes));
    return Buffer.concat(pieces);
  }

  beforeAll(async () => {
    world = await AgentWorld.start({ computeMs: 1500, waitMs: 200 });
    client = await world.connect();
    board = await world.drive({ client });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  it("is known for what it is, and says so to everybody", async () => {
    expect(board.dialect).toBe("native");
    expect(await board.info()).toMatchObject({
      state: "online",
      name: "shed",
      slot: "factory",
      signed: false,
    });
    const heard = await world.listen(`${base}/info`);
    await expect
      .poll(() => heard.map(({ text: said }) => JSON.parse(said) as unknown))
      .toMatchObject([{ state: "online", name: "shed" }]);
  });

  it("evaluates expressions, statements and promises, and keeps what they define", async () => {
    expect(await text("2+3")).toBe("5");
    expect(await text("let x = 40; function f(y) { return x + y }")).toBe("");
    expect(await text("f(2)")).toBe("42");
    expect(await text("print('x is', x); x")).toBe("x is 40\n");
    expect(await text("({ a: 1 })")).toBe("{ a: 1 }");
    expect(await text("await Promise.resolve('later')")).toBe("'later'");
    expect(await text("await null; print('a'); await null; console.log('b')")).toBe("a\nb\n");
  });

  it("keeps what the board needs of it, whatever is assigned", async () => {
    expect(
      await text("watchdog = board = 1; var watchdog = 2; globalThis.board = 3; delete globalThis.board"),
    ).toBe("");
    expect(await text("typeof watchdog.feed + board.name")).toBe("'functionshed'");
  });

  it("gives output of any length, as it comes", async () => {
    const pieces: number[] = [];
    await board.evaluate("for (let i = 0; i < 20000; i++) print('0123456789')", {
      onOutput: (bytes) => void pieces.push(bytes.length),
    });
    expect(pieces.reduce((sum, length) => sum + length, 0)).toBe(220_000);
    expect(pieces.length).toBeGreaterThan(10);
  });

  it("cuts off what never ends, and goes on", async () => {
    await board.evaluate("var kept = 7");
    await expect(board.evaluate("try { for (;;); } catch {}")).rejects.toMatchObject({
      detail: { code: "board/interrupted" },
    });
    expect(await text("kept")).toBe("7");
    await expect(board.evaluate("new Promise(() => {})")).rejects.toMatchObject({
      detail: { code: "board/interrupted" },
    });
    await expect(board.evaluate("for (;;) print('x'.repeat(10000))")).rejects.toMatchObject({
      detail: { code: expect.stringMatching(/too-long|interrupted/) as string },
    });
    expect(await text("1")).toBe("1");
  });

  it.each([
    "({ [Symbol.for('nodejs.util.inspect.custom')]() { for (;;); } })",
    "({ get then() { for (;;); } })",
    "({ then() { for (;;); } })",
    "new Proxy({}, { has() { for (;;); } })",
    "throw { get message() { for (;;); } }",
    "throw new Proxy({}, { getPrototypeOf() { for (;;); } })",
    "throw { get stack() { for (;;); } }",
    "Promise.resolve([{ [Symbol.for('nodejs.util.inspect.custom')]() { for (;;); } }])",
    "Promise.reject({ get stack() { for (;;); } })",
  ])("cuts off what never ends where a value is looked at: %s", async (source) => {
    await expect(board.evaluate(source)).rejects.toMatchObject({ detail: { code: "board/interrupted" } });
  });

  it("says what is wrong with a source", async () => {
    await expect(board.evaluate("nothing.at.all")).rejects.toThrow(/^ReferenceError: nothing is not defined/);
    await expect(board.evaluate("1 +")).rejects.toThrow(/SyntaxError/);
    await expect(board.evaluate("throw 7")).rejects.toThrow(/thrown: 7/);
    await expect(board.evaluate("Promise.reject(7)")).rejects.toThrow(/thrown: 7/);
    await expect(board.evaluate("({ then() { throw 7 } })")).rejects.toThrow(/thrown: 7/);
    const hidden = "throw { get message() { throw 1 } }";
    await expect(board.evaluate(hidden)).rejects.toThrow(/thrown: what cannot be printed/);
  });

  it("completes names", async () => {
    await board.evaluate("var colours = { red: 1, rose: 2 }");
    expect(await board.complete("print(colou")).toEqual(["colours"]);
    expect(await board.complete("colours.r")).toEqual(["colours.red", "colours.rose"]);
    expect(await board.complete("no.such.")).toEqual([]);
    await board.evaluate("Object.defineProperty(globalThis, 'trap', { get() { for (;;); } })");
    expect(await board.complete("trap.")).toEqual([]);
    await board.evaluate("var proxy = new Proxy({}, { ownKeys() { for (;;); } })");
    expect(await board.complete("proxy.")).toEqual([]);
    await board.evaluate("var row = new Uint8Array(50_000_000)");
    expect(await board.complete("row.fil")).toEqual(["row.fill", "row.filter"]);
    await board.evaluate("var list = new Array(5_000_000).fill(0)");
    expect(await board.complete("list.fil")).toEqual(["list.fill", "list.filter"]);
    expect(await board.complete(`${"a".repeat(500_000)} row.fil`)).toEqual(["row.fill", "row.filter"]);
  });

  it.each(["plain.txt", "with space", "it's", 'a "b" \\c', "größe ☃ 𝄞", "+plus#hash", "new\nline", "$SYS"])(
    "keeps a file called %j: put, list, get, rename, remove",
    async (name) => {
      const content = randomBytes(100_000);
      await board.put(`/${name}`, content);
      expect(await board.list("/", { digest: true })).toContainEqual({
        name,
        folder: false,
        size: 100_000,
        sha256: sha256(content),
      });
      expect(Buffer.compare(await read(name), content)).toBe(0);
      await board.rename(name, `${name}.old`);
      await board.remove(`${name}.old`);
      await expect(read(`${name}.old`)).rejects.toMatchObject({ detail: { code: "board/not-found" } });
    },
  );

  it("takes an empty file and one of 3 MB, and leaves nothing else behind", async () => {
    await board.put("empty", new Uint8Array());
    const content = randomBytes(3_000_001);
    await board.put("big", content);
    expect(Buffer.compare(readFileSync(join(world.root, "big")), content)).toBe(0);
    expect(readdirSync(world.root).toSorted()).toEqual(["big", "empty"]);
    expect((await read("empty")).length).toBe(0);
    expect(Buffer.compare(await read("big"), content)).toBe(0);
    await board.remove("big");
    await board.remove("empty");
  });

  it("makes, lists and removes folders", async () => {
    await board.makeFolder("a/b/c", { parents: true });
    await board.makeFolder("a/b/c", { parents: true });
    await board.put("a/b/c/file", encodeUtf8("x"));
    expect((await board.list("/a", { recursive: true })).map(({ name }) => name)).toEqual([
      "b",
      "b/c",
      "b/c/file",
    ]);
    await expect(board.makeFolder("a")).rejects.toMatchObject({ detail: { code: "board/exists" } });
    await expect(board.makeFolder("x/y")).rejects.toMatchObject({ detail: { code: "board/not-found" } });
    await expect(board.removeFolder("a")).rejects.toMatchObject({ detail: { code: "board/not-empty" } });
    await expect(board.remove("a")).rejects.toMatchObject({ detail: { code: "board/is-a-folder" } });
    await expect(board.put("a", encodeUtf8("x"))).rejects.toMatchObject({
      detail: { code: "board/is-a-folder" },
    });
    await expect(board.list("a/b/c/file")).rejects.toMatchObject({ detail: { code: "board/not-a-folder" } });
    await board.remove("a/b/c/file");
    for (const folder of ["a/b/c", "a/b", "a"]) await board.removeFolder(folder);
    expect(await board.list("")).toEqual([]);
  });

  it("gives its log and its crashes, and changes what is logged", async () => {
    world.log.logger("pump").info("started");
    world.log.logger("pump").debug("not to be seen");
    expect((await board.recentLog()).at(-1)).toMatch(/^I .* {5}pump: started$/);
    await board.setLogLevel({ mqtt: "debug" });
    world.log.logger("pump").debug("seen");
    expect((await board.recentLog({ lines: 1 }))[0]).toMatch(/: seen$/);
    expect(await board.crashes()).toEqual([]);
    const crash = {
      time: "t",
      cause: "exit code 1",
      slot: "a",
      mode: "normal",
      uptimeMs: 5,
      memoryBytes: null,
    } as const;
    world.crashes.add({ ...crash, output: "Traceback" });
    expect(await board.crashes()).toEqual([{ number: 1, ...crash }]);
    expect(await board.crash(1)).toMatchObject({ output: "Traceback" });
    await expect(board.crash(2)).rejects.toMatchObject({ detail: { code: "board/not-found" } });
    await board.clearCrashes();
    expect(await board.crashes()).toEqual([]);
  });

  it("takes an image and boots it, and an image that is there already at once", async () => {
    const image = randomBytes(200_000);
    await board.update(image, { boot: false });
    expect(world.keeper.bootable).toMatchObject({ sha256: sha256(image), size: 200_000 });
    expect(world.keeper.resets).toEqual([]);
    const sent = client.stats.sent;
    await board.update(image);
    expect(client.stats.sent - sent).toBe(1);
    expect(world.keeper.resets).toEqual(["normal"]);
    await board.reset("safe");
    expect(world.keeper.resets).toEqual(["normal", "safe"]);
  });

  describe("towards the original program", () => {
    it("eval answers in one message that is not counted", async () => {
      expect(await ask(world, "eval", undefined, encodeUtf8("2+3"))).toEqual([
        { kind: "out", sequence: uncounted, last: true, text: "5" },
      ]);
      expect(await ask(world, "eval", undefined, encodeUtf8("print('a'); 1"))).toMatchObject([
        { text: "a\n" },
      ]);
      expect(await ask(world, "eval", undefined, encodeUtf8(`"${"x".repeat(1400)}"`))).toMatchObject(
        [
          { kind: "err", text: "MQRepl protocol error eval: only single message supported" },
          { kind: "err" },
        ].slice(0, 1),
      );
    });

    it("eval that prints without an end is cut off, and keeps no more than an answer may have", async () => {
      const source = `for (let length = 0; ; ) { length += 10_000; globalThis.printed = length; print("x".repeat(9999)) }`;
      expect(await ask(world, "eval", undefined, encodeUtf8(source))).toMatchObject([
        { kind: "err", text: expect.stringMatching(/^the answer grows/) as string },
      ]);
      expect(Number(await text("printed"))).toBeLessThan(4 * 1024 * 1024 + 20_000);
    });

    it("put answers OK, acknowledges long files, and a gap puts nothing", async () => {
      const content = randomBytes(120_000);
      const heard = await ask(world, "put", "/from-mqboard.bin", content);
      expect(heard.at(-1)).toMatchObject({ kind: "out", last: true, text: "OK" });
      const acknowledged = heard.slice(0, -1).map(({ text: said }) => Number(said.slice(4)));
      expect(acknowledged).toEqual(Array.from({ length: 10 }, (_, index) => (index + 1) * 8));
      expect(Buffer.compare(readFileSync(join(world.root, "from-mqboard.bin")), content)).toBe(0);
      await board.remove("from-mqboard.bin");
      const replies = await world.listen();
      const topic = `${base}/cmd/put/gap00000/gap.bin`;
      await client.publish(topic, encodeBoardPacket({ sequence: 0, last: false, body: content }), { qos: 1 });
      await client.publish(topic, encodeBoardPacket({ sequence: 2, last: true, body: content }), { qos: 1 });
      await expect
        .poll(() => replies.at(-1)?.text)
        .toBe("MQRepl protocol error put: message missing: 2 vs. 1");
      expect(readdirSync(world.root)).toEqual([]);
    });

    it("get answers in counted messages of at most 2800 bytes, the last one marked", async () => {
      writeFileSync(join(world.root, "three"), "x".repeat(3000));
      const heard = await ask(world, "get", "three", new Uint8Array());
      expect(heard.map(({ sequence, last, text: said }) => [sequence, last, said.length])).toEqual([
        [0, false, 2800],
        [1, true, 200],
      ]);
      expect(await ask(world, "get", "/no/such", new Uint8Array())).toMatchObject([{ kind: "err" }]);
      await board.remove("three");
    });

    it("ota takes an image whose digest agrees, and no other", async () => {
      const image = randomBytes(20_000);
      expect((await ask(world, "ota", sha256(image), image)).at(-1)).toMatchObject({
        kind: "out",
        text: "OK",
      });
      expect(world.keeper.bootable).toMatchObject({ sha256: sha256(image) });
      world.keeper.bootable = undefined;
      const other = sha256(encodeUtf8("other"));
      expect((await ask(world, "ota", other, image)).at(-1)).toMatchObject({
        kind: "err",
        text: expect.stringMatching(/^SHA mismatch/) as string,
      });
      expect(world.keeper.bootable).toBeUndefined();
      const slots = readdirSync(join(world.folder, "slots"));
      for (const tail of ["../../evil", sha256(image).toUpperCase(), ""]) {
        expect(await ask(world, "ota", tail, image)).toMatchObject([
          { kind: "err", text: "MQRepl protocol error ota: the topic ends in no SHA-256" },
        ]);
      }
      expect(readdirSync(join(world.folder, "slots"))).toEqual(slots);
    });

    it("eval takes no source that is no UTF-8", async () => {
      expect(await ask(world, "eval", undefined, Uint8Array.of(0x31, 0xff))).toMatchObject([
        { kind: "err", text: "MQRepl protocol error eval: the source is no UTF-8" },
      ]);
    });

    it("an unknown command is said not to be supported", async () => {
      expect(await ask(world, "exec", undefined, encodeUtf8("x"))).toMatchObject([
        { kind: "err", text: "Command 'exec' not supported" },
      ]);
    });

    it("a message that was brought twice is done once", async () => {
      await board.evaluate("var count = 0");
      await ask(world, "eval", undefined, encodeUtf8("++count"), "twice000");
      await client.publish(`${base}/cmd/eval/twice000`, fromHex("80002b2b636f756e74") ?? "", { qos: 1 });
      expect(await text("count")).toBe("1");
    });
  });
});

describe("a watchdog (real)", () => {
  it("is fed by what goes round through the broker and the REPL, and is not while that is blocked", async () => {
    await using world = await AgentWorld.start({ feedMs: 20, computeMs: 50 });
    await expect.poll(() => world.keeper.feeds).toBeGreaterThan(2);
    world.broker.isAway = true;
    for (const pair of world.broker.pairs) pair.left.close("abort");
    await expect.poll(() => world.agentClient.connected).toBe(false);
    const { feeds } = world.keeper;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(world.keeper.feeds).toBe(feeds);
    world.broker.isAway = false;
    await expect.poll(() => world.keeper.feeds, { timeout: 3000 }).toBeGreaterThan(feeds);
  });
});

describe("a transfer that is interrupted (real)", () => {
  it("goes on where it was when the board was started anew: nothing is sent twice as a whole", async () => {
    await using world = await AgentWorld.start({ partBytes: 1000, windowBytes: 8000 });
    const client = await world.connect();
    const board = await world.drive({ client, timeoutMs: 20_000 });
    const content = randomBytes(100_000);
    let restarted: Promise<void> | undefined;
    const sent = client.stats.sent;
    await board.put("file", content, {
      onProgress(done) {
        if (done > 40_000) restarted ??= world.restart();
      },
    });
    await restarted;
    expect(Buffer.compare(readFileSync(join(world.root, "file")), content)).toBe(0);
    // A hundred parts, at most one window of them twice, and a few calls.
    expect(client.stats.sent - sent).toBeLessThan(115);
    expect(readdirSync(world.root)).toEqual(["file"]);
  });

  it("goes on where another caller's ended: of what that one sends ahead, at most a window is for nothing", async () => {
    await using world = await AgentWorld.start({ partBytes: 1000, windowBytes: 8000 });
    const content = randomBytes(100_000);
    const first = await world.drive();
    const stop = new AbortController();
    const interrupted = first.put("file", content, {
      signal: stop.signal,
      onProgress(done) {
        if (done > 40_000) stop.abort(new Error("interrupted"));
      },
    });
    await expect(interrupted).rejects.toThrow("interrupted");
    const client = await world.connect();
    const second = await world.drive({ client });
    const sent = client.stats.sent;
    await second.put("file", content);
    expect(Buffer.compare(readFileSync(join(world.root, "file")), content)).toBe(0);
    expect(client.stats.sent - sent).toBeLessThan(60 + 8 + 5);
    expect(readdirSync(world.root)).toEqual(["file"]);
  });
});
