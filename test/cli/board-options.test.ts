import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { type BoardOptions, readBoardPlace, timeoutOf } from "../../src/cli/board/options.ts";
import { brokerUrlOf } from "../../src/hub/index.ts";

const folder = mkdtempSync(join(tmpdir(), "moteq-board-options-"));

/** Where the board is, with these options, environment and configuration file. */
function placeOf(
  options: Partial<BoardOptions>,
  environment: Readonly<Record<string, string>>,
  file: unknown = {},
): [url: string, base: string] {
  const name = join(folder, "board.yaml");
  writeFileSync(name, JSON.stringify(file));
  for (const [key, value] of Object.entries(environment)) vi.stubEnv(key, value);
  try {
    const { config, base } = readBoardPlace({ config: name, dialect: "auto", ...options });
    return [brokerUrlOf(config.broker), base];
  } finally {
    vi.unstubAllEnvs();
  }
}

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("which board is meant", () => {
  const original = { MQBOARD_SERVER: "original", MQBOARD_PREFIX: "theirs" };

  it("is what the original program reads from the environment where nothing else says it", () => {
    expect(placeOf({}, original)).toEqual(["mqtt://original:1883", "theirs/mqb"]);
    expect(placeOf({}, { ...original, MQBOARD_TLS: "1" })).toEqual(["mqtts://original:8883", "theirs/mqb"]);
    expect(placeOf({}, { ...original, MQBOARD_TOPIC: "exact" })).toEqual(["mqtt://original:1883", "exact"]);
    expect(placeOf({}, { MQBOARD_PORT: "1884" })).toEqual(["mqtt://localhost:1884", "board/mqb"]);
    const password = { broker: { user: "shed", password: "secret" } };
    expect(placeOf({}, original, password)).toEqual(["mqtt://original:1883", "theirs/mqb"]);
  });

  it("is what the configuration file names before that", () => {
    const file = { broker: { url: "mqtt://file" }, board: { prefix: "ours" } };
    expect(placeOf({}, { ...original, MQBOARD_TOPIC: "exact", MQBOARD_TLS: "1" }, file)).toEqual([
      "mqtt://file",
      "ours/mqb",
    ]);
    expect(placeOf({}, original, { broker: { port: 1999 } })).toEqual([
      "mqtt://127.0.0.1:1999",
      "theirs/mqb",
    ]);
  });

  it("is what moteq's own variables name before the file, and options before these", () => {
    const file = { broker: { url: "mqtt://file" }, board: { prefix: "ours" } };
    const environment = { ...original, MOTEQ_BROKER_URL: "mqtt://own", MOTEQ_BOARD_PREFIX: "own" };
    expect(placeOf({}, environment, file)).toEqual(["mqtt://own", "own/mqb"]);
    const options = { broker: "mqtt://option", prefix: "option" };
    expect(placeOf(options, environment, file)).toEqual(["mqtt://option", "option/mqb"]);
    expect(placeOf({ ...options, topic: "t" }, environment, file)).toEqual(["mqtt://option", "t"]);
  });

  it("is refused with the name of what is wrong, option or variable", () => {
    expect(() => placeOf({}, { MQBOARD_PORT: "abc" })).toThrow(
      'MQBOARD_PORT takes a port from 1 to 65535, got "abc"',
    );
    for (const server of ["mqtt://host", "host:1883"]) {
      expect(() => placeOf({}, { MQBOARD_SERVER: server })).toThrow(
        `MQBOARD_SERVER takes a host's name or address, got "${server}"`,
      );
    }
    expect(placeOf({}, { MQBOARD_SERVER: "::1" })[0]).toBe("mqtt://[::1]:1883");
    vi.stubEnv("MQBOARD_TIMEOUT", "abc");
    expect(() => timeoutOf({ dialect: "auto" })).toThrow("MQBOARD_TIMEOUT takes seconds");
    expect(() => timeoutOf({ dialect: "auto", timeout: "0" })).toThrow("--timeout takes seconds");
    vi.unstubAllEnvs();
  });

  it.each([
    "",
    "a/#",
    "+/a",
    "$share/a/b",
    "$SYS/x",
    "a\u0007b",
    "a\0b",
    "a\u009bb",
    "a\ud800b",
    "a\ufffe",
    "x".repeat(257),
  ])("is refused where it names a topic that brokers do not take, with where it came from: %j", (bad) => {
    const rule = "a topic of 1 to 256 characters, without wildcards";
    expect(() => placeOf({ prefix: bad }, {})).toThrow(`--prefix takes ${rule}`);
    expect(() => placeOf({ topic: bad }, {})).toThrow(`--topic takes ${rule}`);
    const inFile = () => placeOf({}, {}, { board: { prefix: bad } });
    expect(inFile).toThrow(/board\.yaml:1: board\.prefix: expected a topic of 1 to 256 characters/);
    // A variable holds neither a NUL nor half a character.
    if (/[\0\ud800]/.test(bad)) return;
    expect(() => placeOf({}, { MQBOARD_TOPIC: bad })).toThrow(`MQBOARD_TOPIC takes ${rule}`);
    expect(() => placeOf({}, { MOTEQ_BOARD_PREFIX: bad })).toThrow(`MOTEQ_BOARD_PREFIX: expected ${rule}`);
    if (bad === "") expect(placeOf({}, { MQBOARD_PREFIX: "" })[1]).toBe("mqb");
    else expect(() => placeOf({}, { MQBOARD_PREFIX: bad })).toThrow(`MQBOARD_PREFIX takes ${rule}`);
  });

  it.each(["a//b", " ", "ä/🌱", "q/", "x".repeat(256)])("may be at %j", (prefix) => {
    expect(placeOf({ prefix }, {})[1]).toBe(`${prefix.replace(/\/$/, "")}/mqb`);
    expect(placeOf({}, {}, { board: { prefix } })[1]).toBe(`${prefix.replace(/\/$/, "")}/mqb`);
  });
});
