import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encodeUtf8, fromHex, sha256Of, type Signer, toHex } from "../../src/base/index.ts";
import { boardErrors, type FileWriter, toBoardPath } from "../../src/board/index.ts";
import { NodeBoardFiles } from "../../src/node/board/files.ts";
import { systemCryptography } from "../../src/node/index.ts";
import {
  type BoardRequest,
  encodeBoardPacket,
  encodeBoardRequest,
  encodeCall,
  toImageMessage,
} from "../../src/wire/index.ts";
import { AgentWorld, base, createCaller } from "./agent-world.ts";

function createSigner(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return {
    publicKey: new Uint8Array(raw),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

const ignore = () => {};
const trusted = createSigner();
const stranger = createSigner();
const signatureOf = (image: Uint8Array, signer: Signer) =>
  toHex(signer.sign(toImageMessage(fromHex(sha256Of(systemCryptography, image)) ?? image)));

const increment: BoardRequest = { do: "eval", source: "globalThis.count = (globalThis.count ?? 0) + 1" };

describe("a board with keys (real)", () => {
  it("does what is signed by a key that it trusts, and nothing else", async () => {
    await using world = await AgentWorld.start({ trusted: [trusted.publicKey] });
    const signed = await world.drive({ signer: trusted });
    expect(Buffer.from(await signed.evaluate("6*7")).toString()).toBe("42");
    const unsigned = await world.drive();
    await expect(unsigned.evaluate("1")).rejects.toMatchObject({ detail: { code: "board/unsigned" } });
    await expect(unsigned.put("x", encodeUtf8("x"))).rejects.toMatchObject({
      detail: { code: "board/unsigned" },
    });
    const other = await world.drive({ signer: stranger });
    await expect(other.evaluate("1")).rejects.toMatchObject({ detail: { code: "board/untrusted" } });
    await expect(other.reset("normal")).rejects.toMatchObject({ detail: { code: "board/untrusted" } });
    expect(world.keeper.resets).toEqual([]);
    expect((await unsigned.info()).signed).toBe(true);
    expect(readdirSync(world.root)).toEqual([]);
  });

  it("does not believe a signature because it is said to be a trusted key's", async () => {
    await using world = await AgentWorld.start({ trusted: [trusted.publicKey] });
    const forger = { publicKey: trusted.publicKey, sign: (message: Uint8Array) => stranger.sign(message) };
    const board = await world.drive({ signer: forger });
    await expect(board.reset("normal")).rejects.toMatchObject({ detail: { code: "board/untrusted" } });
    expect(world.keeper.resets).toEqual([]);
  });

  it("refuses the original's commands, and evaluates of its own feed nothing but what it sent", async () => {
    await using world = await AgentWorld.start({ trusted: [trusted.publicKey], feedMs: 20 });
    const client = await world.connect();
    const heard = await world.listen(`${base}/reply/err/#`);
    const board = await world.drive({ signer: trusted });
    const body = encodeUtf8("globalThis.evil = 1");
    const evil = encodeBoardPacket({ sequence: 0, last: true, body });
    for (const topic of [
      "eval/evil0000",
      "put/evil0001/x",
      "get/evil0002/x",
      `ota/evil0003/${"0".repeat(64)}`,
      "eval/0F00D/",
    ]) {
      await client.publish(`${base}/cmd/${topic}`, evil, { qos: 1 });
    }
    await expect.poll(() => heard.length).toBe(5);
    // At the feed's own topic nothing is taken that does not agree with what was sent to the byte.
    const call = {
      session: fromHex(world.agent.info().session) ?? body,
      caller: new Uint8Array(8),
      number: 1,
    };
    const request = encodeBoardRequest({ do: "eval", source: "globalThis.evil = 1" });
    const forged = encodeCall(`${base}/cmd/call/0F00D`, { ...call, request });
    const payload = encodeBoardPacket({ sequence: 0, last: true, body: forged });
    await client.publish(`${base}/cmd/call/0F00D`, payload, { qos: 1 });
    await expect.poll(() => world.agent.info().ignored).toMatchObject({ foreign: 1 });
    expect(heard).toHaveLength(5);
    expect(heard.every(({ text }) => text.includes("only signed commands"))).toBe(true);
    expect(Buffer.from(await board.evaluate("typeof evil")).toString()).toBe("'undefined'");
    await expect.poll(() => world.keeper.feeds).toBeGreaterThan(1);
  });

  it("does a call only once, only in its session, only at its own topic, and never a retained one", async () => {
    await using world = await AgentWorld.start({ trusted: [trusted.publicKey] });
    const client = await world.connect();
    const board = await world.drive({ signer: trusted });
    const call = await createCaller(world, client);
    const first = call(increment, { number: 5, signer: trusted });
    await first.sent;
    // The same bytes again, an older number, another topic, another session, retained.
    await client.publish(first.topic, first.payload, { qos: 1 });
    await client.publish(`${base}/cmd/call/elsewhere`, first.payload, { qos: 1 });
    await call(increment, { number: 4, signer: trusted }).sent;
    await call(increment, { number: 5, signer: trusted }).sent;
    await call(increment, { number: 6, signer: trusted, session: "00".repeat(16) }).sent;
    const count = async () => Buffer.from(await board.evaluate("count")).toString();
    expect(await count()).toBe("1");
    await call(increment, { number: 7, signer: trusted }).sent;
    expect(await count()).toBe("2");
    const before = world.agent.info().session;
    await call(increment, { number: 8, signer: trusted, retain: true }).sent;
    expect(await count()).toBe("3");
    // What was retained comes again to the agent that is started anew, as a command of before.
    await world.restart();
    expect(world.agent.info().session).not.toBe(before);
    expect(Buffer.from(await board.evaluate("typeof count")).toString()).toBe("'undefined'");
    await client.publish(first.topic, first.payload, { qos: 1 });
    expect(Buffer.from(await board.evaluate("typeof count")).toString()).toBe("'undefined'");
  });

  it("never does a retained command of the original's, and does one that comes twice once", async () => {
    await using world = await AgentWorld.start();
    const client = await world.connect();
    const body = encodeUtf8("globalThis.count = (globalThis.count ?? 0) + 1");
    const payload = encodeBoardPacket({ sequence: 0, last: true, body });
    await client.publish(`${base}/cmd/eval/kept0000`, payload, { qos: 1, retain: true });
    await client.publish(`${base}/cmd/eval/kept0000`, payload, { qos: 1, retain: true });
    const board = await world.drive();
    expect(Buffer.from(await board.evaluate("count")).toString()).toBe("1");
    await world.restart();
    expect(Buffer.from(await board.evaluate("typeof count")).toString()).toBe("'undefined'");
  });

  it("forgets no caller's number: with too many callers a new session begins", async () => {
    await using world = await AgentWorld.start();
    const client = await world.connect();
    const announced = await world.listen(`${base}/info`);
    const { session } = world.agent.info();
    for (let index = 0; index < 70; index++) {
      const call = await createCaller(world, client);
      await call({ do: "eval", source: "1" }, { number: 1, session }).sent;
    }
    await expect.poll(() => world.agent.info().session).not.toBe(session);
    await expect.poll(() => announced.at(-1)?.text).toContain(world.agent.info().session);
    const board = await world.drive();
    expect(Buffer.from(await board.evaluate("1")).toString()).toBe("1");
  });
});

describe("images (real)", () => {
  it("become bootable only with the right digest and the signature of a trusted key", async () => {
    await using world = await AgentWorld.start({ trusted: [trusted.publicKey] });
    const board = await world.drive({ signer: trusted });
    const image = randomBytes(50_000);
    await expect(board.update(image)).rejects.toMatchObject({ detail: { code: "board/untrusted" } });
    const wrong = signatureOf(image, stranger);
    await expect(board.update(image, { signature: wrong })).rejects.toMatchObject({
      detail: { code: "board/untrusted" },
    });
    const forOther = signatureOf(randomBytes(10), trusted);
    await expect(board.update(image, { signature: forOther })).rejects.toMatchObject({
      detail: { code: "board/untrusted" },
    });
    expect(world.keeper.bootable).toBeUndefined();
    await board.update(image, { signature: signatureOf(image, trusted) });
    const staged = world.keeper.bootable ?? null;
    expect(world.keeper.slots.check("a", staged, [trusted.publicKey])).toBe("sound");
    expect(world.keeper.slots.check("a", staged, [stranger.publicKey])).toBe("damaged");
    expect(
      world.keeper.slots.check("a", { ...(staged ?? { size: 0, sha256: "" }), signature: null }, [
        trusted.publicKey,
      ]),
    ).toBe("damaged");
    // Damaged on disk, it does not boot either.
    const damaged = Uint8Array.from(image);
    damaged[100] = (damaged[100] ?? 0) ^ 1;
    writeFileSync(world.keeper.slots.pathOf("a"), damaged);
    expect(world.keeper.slots.check("a", staged, [trusted.publicKey])).toBe("damaged");
  });

  it("of no bytes are refused, also from the original program", async () => {
    await using world = await AgentWorld.start();
    const refused = { detail: { code: "board/bad-command" }, message: "an image of 0 bytes is no program" };
    const board = await world.drive();
    await expect(board.update(new Uint8Array())).rejects.toMatchObject(refused);
    const heard = await world.listen();
    const client = await world.connect();
    const empty = encodeBoardPacket({ sequence: 0, last: true, body: new Uint8Array() });
    const digest = sha256Of(systemCryptography, new Uint8Array());
    await client.publish(`${base}/cmd/ota/empty/${digest}`, empty, { qos: 1 });
    await expect.poll(() => heard.map(({ text }) => text)).toEqual([refused.message]);
    expect(world.keeper.bootable).toBeUndefined();
  });

  it("whose parts are not what was announced are thrown away, and announced anew begin anew", async () => {
    await using world = await AgentWorld.start();
    const client = await world.connect();
    const heard = await world.listen();
    const call = await createCaller(world, client);
    const image = randomBytes(1000);
    const announced = call(
      { do: "update", size: 1000, sha256: sha256Of(systemCryptography, image) },
      { number: 1 },
    );
    await expect.poll(() => heard.length).toBe(1);
    await client.publish(`${announced.topic.replace("/call/", "/part/")}/0`, randomBytes(1000), { qos: 1 });
    await expect.poll(() => heard.at(-1)?.text).toMatch(/^board\/digest: /);
    expect(world.keeper.bootable).toBeUndefined();
    const board = await world.drive();
    await board.update(image);
    expect(world.keeper.bootable).toMatchObject({ size: 1000 });
  });
});

describe("files (real)", () => {
  it("whose bytes are not what was announced are not put in place", async () => {
    await using world = await AgentWorld.start();
    writeFileSync(join(world.root, "file"), "as it was");
    const client = await world.connect();
    const heard = await world.listen();
    const call = await createCaller(world, client);
    const announced = call({ do: "put", path: "file", size: 10, sha256: "0".repeat(64) }, { number: 1 });
    await expect.poll(() => heard.length).toBe(1);
    await client.publish(`${announced.topic.replace("/call/", "/part/")}/0`, "0123456789", { qos: 1 });
    await expect.poll(() => heard.at(-1)?.text).toMatch(/^board\/digest: /);
    expect(readdirSync(world.root)).toEqual(["file"]);
    expect(readFileSync(join(world.root, "file"), "utf8")).toBe("as it was");
  });

  it("that do not fit on the disk are taken back, and the board goes on", async () => {
    /** A disk with room for so many bytes. */
    class SmallDisk extends NodeBoardFiles {
      override async append(path: string): Promise<FileWriter> {
        const writer = await super.append(path);
        let room = 100_000;
        const write = (pieces: readonly Uint8Array[]) => {
          for (const { length } of pieces) room -= length;
          return room < 0
            ? Promise.reject(boardErrors.create("board/full", "the disk is full"))
            : writer.write(pieces);
        };
        return { size: writer.size, write, sync: () => writer.sync(), close: () => writer.close() };
      }
    }
    await using world = await AgentWorld.start({ files: (root) => new SmallDisk(root) });
    writeFileSync(join(world.root, "file"), "as it was");
    const board = await world.drive();
    await expect(board.put("file", randomBytes(300_000))).rejects.toMatchObject({
      detail: { code: "board/full" },
    });
    expect(readdirSync(world.root)).toEqual(["file"]);
    expect(readFileSync(join(world.root, "file"), "utf8")).toBe("as it was");
    await board.put("file", encodeUtf8("new"));
    expect(readFileSync(join(world.root, "file"), "utf8")).toBe("new");
  });
});

describe("paths (real)", () => {
  it("stay within the root, whatever .. and links say", async () => {
    await using world = await AgentWorld.start();
    const outside = join(world.folder, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "secret"), "secret");
    symlinkSync(outside, join(world.root, "link"));
    symlinkSync(join(outside, "secret"), join(world.root, "secret-link"));
    symlinkSync("/etc/passwd", join(world.root, "absolute-link"));
    mkdirSync(join(world.root, "inside"));
    symlinkSync("inside", join(world.root, "good-link"));
    const board = await world.drive();
    const refused = { detail: { code: "board/outside" } };
    for (const path of [
      "../outside/secret",
      "/../outside/secret",
      "a/../../outside/secret",
      "link/secret",
      "secret-link",
      "absolute-link",
    ]) {
      await expect(board.get(path, ignore)).rejects.toMatchObject(refused);
      await expect(board.digest(path)).rejects.toMatchObject(refused);
    }
    for (const path of ["../new", "link/new", "link/secret"]) {
      await expect(board.put(path, encodeUtf8("x"))).rejects.toMatchObject(refused);
      await expect(board.makeFolder(path)).rejects.toMatchObject(refused);
      await expect(board.remove(path)).rejects.toMatchObject(refused);
      await expect(board.rename("inside", path)).rejects.toMatchObject(refused);
      await expect(board.rename(path, "stolen")).rejects.toMatchObject(refused);
    }
    await expect(board.list("link")).rejects.toMatchObject(refused);
    await expect(board.list("..")).rejects.toMatchObject(refused);
    expect(readdirSync(outside)).toEqual(["secret"]);
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("secret");
    // An absolute path is one below the root; a link within it works; one that leads out can be removed.
    await board.put("/good-link/file", encodeUtf8("x"));
    expect(readdirSync(join(world.root, "inside"))).toEqual(["file"]);
    await board.remove("secret-link");
    expect(existsSync(join(outside, "secret"))).toBe(true);
    // All is listed, and nothing is followed out.
    const names = (await board.list("", { recursive: true, digest: true })).map(({ name }) => name);
    expect(names).toEqual(["absolute-link", "good-link", "inside", "inside/file", "link"]);
  });

  it("are made plain before they are used", () => {
    expect(["/a/./b//c/", "a/../b", "", "/", ".", "a/.."].map((path) => toBoardPath(path))).toEqual([
      "a/b/c",
      "b",
      "",
      "",
      "",
      "",
    ]);
    for (const path of ["..", "/..", "a/../..", "a/../../a"])
      expect(() => toBoardPath(path)).toThrow(/leads out/);
  });

  it("that are no path, or the board's own, are refused", async () => {
    await using world = await AgentWorld.start();
    const board = await world.drive();
    for (const path of ["a\0b", "x".repeat(5000), ".moteq-0123456789abcdef.part"]) {
      await expect(board.put(path, encodeUtf8("x"))).rejects.toMatchObject({
        detail: { code: "board/bad-command" },
      });
    }
    await expect(board.removeFolder("/")).rejects.toMatchObject({ detail: { code: "board/bad-command" } });
    await expect(board.put("a".repeat(300), encodeUtf8("x"))).rejects.toMatchObject({
      detail: { code: "board/files" },
    });
    expect(readdirSync(world.root)).toEqual([]);
  });
});

describe("bad input (real)", () => {
  it("is refused with its code, or left alone, and nothing has changed", async () => {
    await using world = await AgentWorld.start({ maximumBytes: 10_000 });
    const client = await world.connect();
    const heard = await world.listen();
    const board = await world.drive();
    await expect(board.put("big", randomBytes(10_001))).rejects.toMatchObject({
      detail: { code: "board/too-long" },
    });
    const send = (topic: string, payload: Uint8Array | string) =>
      client.publish(`${base}/cmd/${topic}`, payload, { qos: 1 });
    for (const payload of ["", "8", Uint8Array.of(0x80)]) await send("call/short", payload);
    for (const topic of ["call", "/", "call//x", "part/none/0", "part/none/x", "put/late0000/x"]) {
      await send(topic, encodeBoardPacket({ sequence: 7, last: false, body: encodeUtf8("x") }));
    }
    const seen = heard.length;
    await send("call/odd", encodeBoardPacket({ sequence: 0, last: true, body: Uint8Array.of(9) }));
    await send(
      "call/odd2",
      encodeBoardPacket({ sequence: 0, last: true, body: encodeUtf8(`\u0001\u0000${"x".repeat(28)}{}`) }),
    );
    await expect
      .poll(() => heard.slice(seen).filter(({ text }) => text.startsWith("board/bad-command")))
      .toHaveLength(2);
    expect(heard.some(({ text }) => text.includes("missing first message"))).toBe(true);
    expect(world.log.recent(100).join("\n")).toContain("is shorter than its header");
    expect(readdirSync(world.root)).toEqual([]);
    expect(Buffer.from(await board.evaluate("1")).toString()).toBe("1");
  });

  it("of any kind does not end the agent", async () => {
    await using world = await AgentWorld.start();
    const client = await world.connect();
    for (let round = 0; round < 300; round++) {
      const command = ["call", "eval", "put", "get", "ota", "part", "x"][round % 7];
      const tail =
        round % 3 === 0
          ? ""
          : `/${randomBytes(4)
              .toString("latin1")
              .replaceAll(/[+#\0\p{Control}]/gu, "_")}`;
      const payload =
        round % 2 === 0
          ? randomBytes(round)
          : Buffer.concat([Uint8Array.of(0x80, 0, 1, 0), randomBytes(round)]);
      await client.publish(`${base}/cmd/${command}/fuzz${round}${tail}`, payload, { qos: 1 });
    }
    const board = await world.drive();
    expect(Buffer.from(await board.evaluate("1")).toString()).toBe("1");
  });
});
