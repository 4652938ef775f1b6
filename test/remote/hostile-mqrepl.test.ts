import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import type { RemoteBoard } from "../../src/remote/index.ts";
import { listByEvaluation } from "../../src/remote/mqrepl-listing.ts";
import { decodeCommandTopic } from "../../src/wire/index.ts";
import { captureOf } from "../support/mqboard-captures.ts";
import { startHostileBoard } from "./hostile-board.ts";

const badAnswer = { code: "remote/bad-answer" };
const ignore = () => {};
const takeNothing = () => Promise.resolve("");
const takeForEver = () => new Promise<void>(() => {});

/** A listing of folders whose names have so many bytes. */
function foldersOf(entries: number, bytes: number): string {
  const entry = `(b'${"61".repeat(bytes)}', 16384, 0)`;
  return `[${Array.from({ length: entries }, () => entry).join(", ")}]`;
}

describe("what a board that runs mqrepl answers (real)", () => {
  it("is taken for nothing that it is not", async () => {
    await using hostile = await startHostileBoard("mqrepl", ({ say }) => say("not hexadecimal"));
    const { board } = hostile;
    await expect(board.list("")).rejects.toMatchObject(badAnswer);
    await expect(board.digest("x")).rejects.toMatchObject(badAnswer);
    await expect(board.get("+x", ignore)).rejects.toMatchObject(badAnswer);
  });

  it("as the names that a word could go on with is names alone", async () => {
    await using hostile = await startHostileBoard("mqrepl", ({ say }) => {
      say("['good', '\u001b[2J', 'go od', 'goo\\nd', \"goods\", 'gone']");
    });
    expect(await hostile.board.complete("go")).toEqual(["gone", "good"]);
  });

  it("of folders within folders is read 32 deep", async () => {
    await using hostile = await startHostileBoard("mqrepl", ({ say }) => say("[(b'61', 16384, 0)]"));
    expect(await hostile.board.list("/", { recursive: true })).toHaveLength(33);
  });

  it("of folders that never end is not read for ever, nor are more entries or longer names than asked for", async () => {
    let next = foldersOf(20, 1024);
    await using hostile = await startHostileBoard("mqrepl", ({ say }) => say(next));
    await expect(hostile.board.list("/", { recursive: true })).rejects.toMatchObject({
      code: "remote/too-long",
    });
    next = foldersOf(21, 1);
    await expect(hostile.board.list("/")).rejects.toMatchObject(badAnswer);
    next = foldersOf(1, 1025);
    await expect(hostile.board.list("/")).rejects.toMatchObject(badAnswer);
  });

  it("of a folder with short names is read up to 100,000 entries", async () => {
    let asked = 0;
    const board = { ask: () => Promise.resolve(foldersOf(++asked > 5000 ? 0 : 20, 1)), digest: takeNothing };
    expect(await listByEvaluation(board, "/", {})).toHaveLength(100_000);
    asked = -1;
    await expect(listByEvaluation(board, "/", {})).rejects.toMatchObject({ code: "remote/too-long" });
  });

  it("of a file is no longer than 128 MiB, however slowly it is taken", async () => {
    const part = new Uint8Array(1_000_000);
    await using hostile = await startHostileBoard("mqrepl", ({ say }) => {
      for (let sent = 0; sent < 140; sent++) say(part, undefined, false);
    });
    await expect(hostile.board.get("x", takeForEver)).rejects.toMatchObject({ code: "remote/too-long" });
  });

  it.each(["80", "ff"])("in one message is read whatever its header's number is: %s…", async (start) => {
    await using hostile = await startHostileBoard("mqrepl", ({ say }) => {
      say("5", start === "80" ? 0 : 0x7fff);
    });
    expect(Buffer.from(await hostile.board.evaluate("2+3")).toString()).toBe("5");
  });

  it("of a file that arrived otherwise than it was sent puts nothing in its place", async () => {
    await using hostile = await startHostileBoard("mqrepl", ({ command, body, say }) => {
      say(command === "put" ? "OK" : body.includes("sha256") ? "0".repeat(64) : "");
    });
    await expect(hostile.board.put("/file", encodeUtf8("x"))).rejects.toMatchObject({
      code: "remote/digest",
    });
    const evaluated = hostile.heard.filter(({ command }) => command === "eval").map(({ body }) => body);
    const put = hostile.heard.find(({ command }) => command === "put");
    expect(evaluated.filter((source) => source.includes("rename"))).toEqual([]);
    expect(evaluated.at(-1)).toBe(`import uos; uos.remove('${put?.tail}')`);
    expect(put?.tail).toMatch(/^\/mqb-[\da-f]{8}\.part$/);
  });
});

describe("what is sent to a board that runs mqrepl (real)", () => {
  const asOriginal: readonly (readonly [title: string, ask: (board: RemoteBoard) => Promise<unknown>])[] = [
    ["eval 45+876", (board) => board.evaluate("45+876")],
    ["get boot.py", (board) => board.get("boot.py", ignore)],
    ["get /lib/foo.py", (board) => board.get("/lib/foo.py", ignore)],
    ["mkdir /a", (board) => board.makeFolder("/a")],
    ["rm /a/x.py", (board) => board.remove("/a/x.py")],
    ["rmdir /a", (board) => board.removeFolder("/a")],
    ["reset", (board) => board.reset("normal")],
    ["reset -f", (board) => board.reset("safe")],
    ["reset -s", (board) => board.reset("soft")],
    ["reset --hard", (board) => board.reset("hard")],
  ];

  it.each(asOriginal)("is word for word what the original program sends: %s", async (title, ask) => {
    await using hostile = await startHostileBoard("mqrepl", ({ say }) => say(""));
    await ask(hostile.board);
    const original = captureOf(title).map(({ topic, payload }) => {
      const { command, tail } = decodeCommandTopic("esp32/test/mqb", topic) ?? {};
      return { command, tail, body: Buffer.from(payload).toString("latin1", 2) };
    });
    expect(hostile.heard.map(({ command, tail, body }) => ({ command, tail, body }))).toEqual(original);
  });

  it("of an image is no more than 16 messages ahead of what it acknowledges", async () => {
    await using hostile = await startHostileBoard("mqrepl", ignore);
    const stop = new AbortController();
    const updated = hostile.board.update(new Uint8Array(100_000), { signal: stop.signal });
    await expect.poll(() => hostile.heard.length).toBe(16);
    hostile.heard[0]?.say("SEQ 8");
    await expect.poll(() => hostile.heard.length).toBe(25);
    stop.abort(new Error("enough"));
    await expect(updated).rejects.toThrow("enough");
    expect(hostile.heard).toHaveLength(25);
  });

  it("is no file that has more messages than can be counted: that is said before any is sent", async () => {
    await using hostile = await startHostileBoard("mqrepl", ({ say }) => say(""));
    const refused = { code: "remote/unsupported" };
    await expect(hostile.board.update(new Uint8Array(1024 * 0x7fff + 1))).rejects.toMatchObject(refused);
    await expect(hostile.board.put("x", new Uint8Array(1400 * 0x7fff + 1))).rejects.toMatchObject(refused);
    expect(hostile.heard.map(({ command }) => command)).not.toContain("put");
  });
});
