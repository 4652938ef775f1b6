import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../src/hub/index.ts";
import type { MqttClient } from "../../src/mqtt/index.ts";
import { connect } from "../../src/node/index.ts";
import { encodeBoardPacket, encodeReplyTopic, uncounted } from "../../src/wire/index.ts";
import { startCli } from "../support/cli-process.ts";
import { have } from "../support/external.ts";
import { freePort } from "../support/mosquitto.ts";

const base = "evil/mqb";
/** Sets the title, clears the screen, changes colours in two ways, goes back to the line's start, turns writing round. */
const evil = "<\u001b]0;owned\u0007\u001b[2J\u009b31m\r\u202e>";
const shown = /<\\(x1b|u001b)]0;owned\\(x07|u0007)\\(x1b|u001b)\[2J\\(x9b|u009b)31m\\(x0d|r)\\u202e>/;
const controls = new RegExp(String.raw`[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]`);

const crash = { number: 1, time: evil, cause: evil, slot: "a", mode: "normal", uptimeMs: 1, memoryBytes: 1 };
const info = {
  state: "online",
  name: evil,
  version: evil,
  platform: evil,
  image: evil,
  note: evil,
  commands: [evil],
  session: "00".repeat(16),
};
const content = encodeUtf8("not what was said");
/** What it answers each command with; everything else is refused. */
const answers: Readonly<Record<string, unknown>> = {
  info,
  list: { name: evil, folder: false, size: 1, sha256: evil },
  crashes: crash,
  crash: { ...crash, output: evil },
  digest: { size: content.length, sha256: "0".repeat(64) },
};

/** And what of a file with such content. */
const escapes: Readonly<Record<string, unknown>> = {
  digest: { size: Buffer.byteLength(evil), sha256: createHash("sha256").update(evil).digest("hex") },
};
interface Asked {
  readonly do: string;
  readonly source?: string;
  readonly path?: string;
}

const folder = mkdtempSync(join(tmpdir(), "moteq-board-hostile-"));
let broker: EmbeddedBroker;
let board: MqttClient;
let environment: Record<string, string>;

/** What comes out of a command, on both streams. */
async function run(words: readonly string[], under?: readonly [string, ...string[]]) {
  const all = ["board", "-T", "5", "--prefix", "evil", ...words];
  const running = startCli(folder, all, { environment, ...(under ? { under } : {}) });
  return { code: await running.exit, out: running.out(), err: running.err() };
}

/** Announces a board, or has it forgotten. */
function tell(prefix: string, name: string): Promise<unknown> {
  const told = name === "" ? "" : JSON.stringify({ ...info, name });
  return board.publish(`${prefix}/mqb/info`, told, { qos: 1, retain: true });
}

beforeAll(async () => {
  broker = await startEmbeddedBroker({ host: "127.0.0.1", port: await freePort() });
  environment = { MOTEQ_BROKER_URL: broker.url };
  board = connect(broker.url);
  await board.publish(`${base}/info`, JSON.stringify(info), { qos: 1, retain: true });
  await board.subscribe(`${base}/cmd/#`, { qos: 1 }, ({ topic, payload }) => {
    const [, , , command = "", id = ""] = topic.split("/");
    if (command !== "call") return;
    const request = JSON.parse(Buffer.from(payload).toString("utf8", 32)) as Asked;
    const say = (body: Uint8Array) => {
      const packet = encodeBoardPacket({ sequence: uncounted, last: true, body });
      void board.publish(encodeReplyTopic(base, "out", id), packet, { qos: 1 });
    };
    const answer = request.path === "escapes" ? escapes[request.do] : answers[request.do];
    if (answer !== undefined) say(encodeUtf8(JSON.stringify(answer)));
    else if (request.do === "get") say(request.path === "escapes" ? encodeUtf8(evil) : content);
    else if (request.do === "log" || request.source === "print") say(encodeUtf8(`I ${evil}`));
    else void board.publish(encodeReplyTopic(base, "err", id), `board/files: ${evil}`, { qos: 1 });
  });
});

afterAll(async () => {
  await board.close();
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("what a hostile board says (real)", () => {
  it.each([
    [["ls"], ["ls", "--json"], ["ls", "--sha"]],
    [["info"], ["info", "--json"]],
    [["list"], ["list", "--json"]],
    [["crash"], ["crash", "--json"]],
    [
      ["crash", "get", "1"],
      ["crash", "get", "1", "--json"],
    ],
    [["log"], ["log", "--json"]],
    [["eval", "print", "--json"]],
  ])("does nothing to the terminal: %j …", async (...commands) => {
    for (const { code, out, err } of await Promise.all(commands.map((words) => run(words)))) {
      expect([code, err]).toEqual([0, ""]);
      expect(out).toMatch(shown);
      expect(out).not.toMatch(controls);
    }
  });

  it("of itself is cut in a table, and left out where it is longer than a board's: that is said", async () => {
    await Promise.all([tell("evil/long", "n".repeat(1000)), tell("evil/longer", "n".repeat(900_000))]);
    const { code, out, err } = await run(["list"]);
    await Promise.all([tell("evil/long", ""), tell("evil/longer", "")]);
    expect([code, err]).toEqual([0, expect.stringContaining("announcements left out: 1; too long")]);
    expect(out).toContain(`evil/long  ${"n".repeat(59)}…  online`);
    expect(out).not.toContain("evil/longer");
  });

  it("does nothing to it either where it refuses", async () => {
    writeFileSync(join(folder, "spec"), "/lib:\n  spec\n");
    const commands = [
      ["rm", "x"],
      ["rm", "x", "--json"],
      ["eval", "x"],
      ["put", "spec"],
      ["sync", "spec"],
    ];
    for (const { code, out, err } of await Promise.all(commands.map((words) => run(words)))) {
      expect(code).toBe(1);
      expect(err).toMatch(shown);
      expect(out + err).not.toMatch(controls);
    }
  });

  it("is not taken for a file that has another digest: what was there stays", async () => {
    writeFileSync(join(folder, "kept"), "kept");
    const before = readdirSync(folder);
    const { code, err } = await run(["get", "file", "kept"]);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/file changed while it was fetched, or was damaged/),
    ]);
    expect(readFileSync(join(folder, "kept"), "utf8")).toBe("kept");
    expect(readdirSync(folder)).toEqual(before);
  });

  it("in its log does nothing as it comes, and what the broker had kept of it is not shown", async () => {
    await board.publish("evil/log", "E kept", { qos: 1, retain: true });
    const lines = [
      ["log", "-f"],
      ["log", "-f", "--json"],
    ].map((words) => startCli(folder, ["board", "--prefix", "evil", ...words], { environment }));
    await vi.waitFor(
      async () => {
        await board.publish("evil/log", `E ${evil}`, { qos: 1 });
        for (const line of lines) expect(line.out()).toMatch(shown);
      },
      { timeout: 20_000, interval: 100 },
    );
    for (const line of lines) {
      line.child.kill("SIGINT");
      await line.exit;
      expect(line.out()).not.toMatch(controls);
      expect(line.out()).not.toContain("kept");
    }
  });
});

describe.runIf(have("socat"))("what a hostile board prints, on a terminal (real)", () => {
  it("does nothing to it", async () => {
    // A program of its own, since a test has no terminal.
    const under = ["sh", "-c", 'exec socat -u EXEC:"$*",pty,rawer,stderr STDOUT', "sh"] as const;
    const printed = [await run(["eval", "print"], under), await run(["get", "escapes"], under)];
    for (const { out } of printed) {
      expect(out).toMatch(shown);
      expect(out).not.toMatch(controls);
    }
    expect((await run(["get", "escapes"])).out).toBe(evil);
  });
});
