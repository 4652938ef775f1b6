import { describe, expect, it } from "vitest";
import { encodeUtf8, toHex } from "../../src/base/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";
import { startHostileBoard } from "./hostile-board.ts";

const badAnswer = { code: "remote/bad-answer" };

describe("what a native board answers (real)", () => {
  it("is taken for nothing that it is not", async () => {
    const answers = new Map([
      ["list", '{"folder":true}'],
      ["digest", '{"size":1.5,"sha256":7}'],
      ["crashes", "[1]"],
      ["crash", '{"number":"one"}'],
      ["complete", '{"length":1}'],
    ]);
    await using hostile = await startHostileBoard("native", ({ request, say }) => {
      say(answers.get(request?.do ?? "") ?? "");
    });
    const { board } = hostile;
    await expect(board.list("")).rejects.toMatchObject(badAnswer);
    await expect(board.digest("x")).rejects.toMatchObject(badAnswer);
    await expect(board.get("x", () => {})).rejects.toMatchObject(badAnswer);
    await expect(board.crashes()).rejects.toMatchObject(badAnswer);
    await expect(board.crash(1)).rejects.toMatchObject(badAnswer);
    await expect(board.complete("x")).rejects.toMatchObject(badAnswer);
    answers.set(
      "complete",
      JSON.stringify([7, null, { a: 1 }, ...Array.from({ length: 200 }, () => "word")]),
    );
    expect(await board.complete("x")).toEqual(Array.from({ length: 100 }, () => "word"));
  });

  it("is taken once where it comes twice", async () => {
    await using hostile = await startHostileBoard("native", ({ say }) => {
      for (const sequence of [0, 0, 1, 0, 1]) say(`${sequence};`, sequence, false);
      say("", 2);
    });
    expect(Buffer.from(await hostile.board.evaluate("1")).toString()).toBe("0;1;");
  });

  it("as a refusal is read no further than 64 KiB", async () => {
    await using hostile = await startHostileBoard("native", ({ refuse }) => refuse("x".repeat(500_000)));
    await expect(hostile.board.evaluate("1")).rejects.toMatchObject({ message: "x".repeat(65_536) });
  });

  it("of an evaluation is printed up to 16 MiB in all", async () => {
    await using hostile = await startHostileBoard("native", ({ say }) => {
      for (let sent = 0; sent < 18; sent++) say(new Uint8Array(1_000_000), sent, false);
    });
    let printed = 0;
    const onOutput = (bytes: Uint8Array) => void (printed += bytes.length);
    const message = "the board's answer to eval is longer than 16777216 bytes; it was not read further";
    await expect(hostile.board.evaluate("1", { onOutput })).rejects.toMatchObject({ message });
    expect(printed).toBe(16_000_000);
  });

  it("of itself is no longer than 64 KiB", async () => {
    const info = { state: "online", session: "00".repeat(16), name: "x".repeat(70_000) };
    await using hostile = await startHostileBoard("native", ({ say }) => say(JSON.stringify(info)));
    await expect(hostile.board.info()).rejects.toMatchObject({ code: "remote/too-long" });
  });

  it("is awaited from its last sign of life on, however long it takes in all", async () => {
    const clock = new VirtualClock();
    await using hostile = await startHostileBoard("native", () => {}, { clock, timeoutMs: 1000 });
    const heard: string[] = [];
    const answered = hostile.board.evaluate("1", {
      onOutput: (bytes) => void heard.push(Buffer.from(bytes).toString()),
    });
    await expect.poll(() => hostile.heard).toHaveLength(1);
    for (let sequence = 0; sequence < 5; sequence++) {
      await clock.advance(900);
      hostile.heard[0]?.say("x", sequence, false);
      await expect.poll(() => heard).toHaveLength(sequence + 1);
    }
    void clock.advance(1000);
    await expect(answered).rejects.toMatchObject({ code: "remote/no-answer" });
  });

  it("is awaited no more when the way to it is closed", async () => {
    await using hostile = await startHostileBoard("native", () => {});
    const answered = expect(hostile.board.evaluate("1")).rejects.toMatchObject({ code: "remote/closed" });
    await hostile.board.close();
    await answered;
  });

  it("of a session that is never the right one is asked for again only so often", async () => {
    let session: number | undefined;
    await using hostile = await startHostileBoard("native", ({ refuse }) => {
      const named = session === undefined ? "the same again" : ++session;
      refuse(`board/session: ${toHex(encodeUtf8(String(named).padStart(16)))}`);
    });
    const refused = {
      detail: { code: "board/session" },
      message: expect.stringContaining("does not take the session that it names itself"),
    };
    await expect(hostile.board.evaluate("1")).rejects.toMatchObject(refused);
    expect(hostile.heard).toHaveLength(2);
    await expect(hostile.board.put("x", new Uint8Array())).rejects.toMatchObject(refused);
    expect(hostile.heard).toHaveLength(2 + 1);
    session = 0;
    await expect(hostile.board.evaluate("1")).rejects.toMatchObject(refused);
    expect(hostile.heard).toHaveLength(3 + 100);
  });
});

describe("what a native board says of a transfer (real)", () => {
  const content = new Uint8Array(20_000_000);

  it.each([
    ["it is", ["?"]],
    ["there is more than was announced", ['{"have":20000001,"done":true}']],
    ["there is less than nothing", ['{"have":-1.5}']],
  ])("is not believed where it says that %s", async (_what, [progress = ""]) => {
    await using hostile = await startHostileBoard("native", ({ command, say }) => {
      if (command === "call") say(progress);
    });
    await expect(hostile.board.put("x", content)).rejects.toMatchObject(badAnswer);
  });

  it("is not its end, unless it says so", async () => {
    await using hostile = await startHostileBoard("native", ({ command, say }) => {
      if (command === "call") say(`{"have":${content.length}}`);
    });
    await expect(hostile.board.put("x", content)).rejects.toMatchObject(badAnswer);
  });

  it("is not its end, unless it has all", async () => {
    await using hostile = await startHostileBoard("native", ({ command, say }) => {
      if (command === "call") say('{"have":5,"done":true}');
    });
    await expect(hostile.board.put("x", content)).rejects.toMatchObject(badAnswer);
  });

  it.each([
    ['{"have":0,"part":1073741824,"window":1073741824}', 8192, 8],
    ['{"have":0,"part":0,"window":100}', 1, 100],
    ['{"have":0,"part":0,"window":1073741824}', 1, 1024],
  ])("of part and window (%s) has its bounds", async (progress, longest, most) => {
    await using hostile = await startHostileBoard("native", ({ command, say }) => {
      if (command === "call") say(progress, 0, false);
    });
    const stop = new AbortController();
    const put = hostile.board.put("x", content, { signal: stop.signal });
    const parts = () => hostile.heard.filter(({ command }) => command === "part");
    await expect.poll(() => parts().length, { timeout: 10_000 }).toBe(most);
    stop.abort(new Error("enough"));
    await expect(put).rejects.toThrow("enough");
    expect(parts()).toHaveLength(most);
    expect(Math.max(...parts().map(({ body }) => body.length))).toBe(longest);
  });

  it("has its bounds however fast it says that parts have come", async () => {
    let [have, sequence, mostOnTheWay] = [0, 1, 0];
    await using hostile = await startHostileBoard("native", ({ command, tail, body, say }) => {
      if (command === "call") say('{"have":0,"part":1073741824,"window":1073741824}', 0, false);
      if (command !== "part") return;
      mostOnTheWay = Math.max(mostOnTheWay, Number(tail) + body.length - have);
      have = Number(tail) + body.length;
      say(JSON.stringify({ have, done: have === content.length }), sequence++, have === content.length);
    });
    await hostile.board.put("x", content);
    const longest = Math.max(
      ...hostile.heard.map(({ command, body }) => (command === "part" ? body.length : 0)),
    );
    expect(longest).toBe(262_144);
    expect(mostOnTheWay).toBeLessThanOrEqual(16_777_216);
  });
});

describe.each(["native", "mqrepl"] as const)("what is asked of a board with %s (real)", (dialect) => {
  it("is no longer than a message that is answered: that is said, and nothing sent", async () => {
    await using hostile = await startHostileBoard(dialect, ({ say }) => say(""));
    await hostile.board.evaluate("x".repeat(1_048_000));
    const tooLong = hostile.board.evaluate("x".repeat(1_048_576));
    await expect(tooLong).rejects.toMatchObject({ code: "remote/message-too-long", fault: "caller" });
    expect(hostile.heard).toHaveLength(1);
  });
});
