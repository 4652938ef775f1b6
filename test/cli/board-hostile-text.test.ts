import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createOutput } from "../../src/cli/board/printed.ts";
import type { MqttClient } from "../../src/mqtt/index.ts";
import { connect } from "../../src/node/index.ts";
import { decodeBoardPacket, decodeCall, decodeCommandTopic, encodeReplyTopic } from "../../src/wire/index.ts";
import { type BoardCli, startBoardCli } from "../support/board-cli.ts";

/** Clears a terminal, turns the direction of writing, and rings. */
const hostile = "\u001b[2J\u009b31m\u202e\u0007";
const shown = String.raw`\x1b[2J\x9b31m\u202e\x07`;

const info = {
  state: "online",
  name: hostile,
  platform: hostile,
  version: hostile,
  session: "00".repeat(16),
};
const crash = { number: 1, time: hostile, cause: hostile, output: hostile };
/** What the board answers, by what it is asked. */
const answers: Record<string, string> = {
  info: JSON.stringify(info),
  list: JSON.stringify({ name: hostile, folder: false, size: 1 }),
  log: `I ${hostile}`,
  crashes: JSON.stringify(crash),
  crash: JSON.stringify(crash),
  eval: hostile,
};

let cli: BoardCli;
let board: MqttClient;

beforeAll(async () => {
  cli = await startBoardCli();
  board = connect(cli.broker.url);
  await board.publish("hostile/mqb/info", JSON.stringify(info), { qos: 1, retain: true });
  await board.subscribe("hostile/mqb/cmd/#", { qos: 1 }, ({ topic, payload }) => {
    const id = decodeCommandTopic("hostile/mqb", topic)?.id ?? "";
    const call = decodeCall(topic, decodeBoardPacket(payload)?.body ?? new Uint8Array());
    const asked = "request" in call ? (JSON.parse(call.request) as { do: string }).do : "";
    const answer = answers[asked];
    const bytes = Buffer.from(answer ?? `board/bad-path: ${hostile}`);
    const whole = answer === undefined ? bytes : Buffer.concat([Buffer.of(0xff, 0xff), bytes]);
    const kind = answer === undefined ? "err" : "out";
    void board.publish(encodeReplyTopic("hostile/mqb", kind, id), whole, { qos: 1 });
  });
});

afterAll(async () => {
  await board.close();
  await cli[Symbol.asyncDispose]();
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe("what a board says, on a terminal (real)", () => {
  it("does nothing to it, by whichever command it comes", async () => {
    const commands = [["info"], ["ls"], ["log"], ["crash"], ["crash", "get"], ["list"], ["rm", "x"]];
    const ends = await Promise.all(commands.map((words) => cli.run(["--prefix", "hostile", ...words])));
    for (const [index, { out, err }] of ends.entries()) {
      expect(out + err, commands[index]?.join(" ")).toContain(shown);
      // oxlint-disable-next-line no-control-regex -- they are what is looked for
      expect(out + err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
  });

  it("does nothing to it in JSON, and is the same text", async () => {
    const { out } = await cli.run(["--prefix", "hostile", "eval", "1", "--json"]);
    expect(out).toMatch(/^[\u0020-\u007e]+\n$/);
    expect(JSON.parse(out)).toEqual({ result: hostile });
  });

  it("does nothing to it when an evaluation prints it", () => {
    const written: unknown[] = [];
    vi.spyOn(process.stdout, "write").mockImplementation((bytes) => written.push(bytes) > 0);
    const before = process.stdout.isTTY;
    process.stdout.isTTY = true;
    createOutput().write(Buffer.from(hostile));
    process.stdout.isTTY = before;
    vi.restoreAllMocks();
    expect(written).toEqual([shown]);
  });
});
