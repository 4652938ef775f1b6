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
    expect(() => placeOf({ prefix: "" }, {})).toThrow("--prefix is empty: it names no board");
    expect(() => placeOf({ topic: "a/#" }, {})).toThrow("--topic takes a topic without wildcards");
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
});
