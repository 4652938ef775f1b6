import { describe, expect, it } from "vitest";
import { type Board, BoardLog, type BoardModule, loadModules } from "../../src/board/index.ts";
import { createSeededRandom, sleep } from "../../src/base/index.ts";
import { MqttClient } from "../../src/mqtt/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

function open(): Promise<never> {
  return Promise.reject(new Error("no broker here"));
}

async function load(
  mode: "normal" | "safe",
  modules: Record<string, BoardModule | Promise<BoardModule> | undefined>,
  clock = new VirtualClock(),
) {
  const log = new BoardLog({ clock });
  const client = new MqttClient({ open, clock, random: createSeededRandom(1) });
  const board: Board = { name: "shed", prefix: "shed", mode, client, clock, log: (name) => log.logger(name) };
  const loading = loadModules({
    board,
    log,
    modules: Object.fromEntries(Object.keys(modules).map((name) => [name, { of: name }])),
    safeModules: ["safe"],
    load: (name) => {
      const module = modules[name];
      return module ? Promise.resolve(module) : Promise.reject(new Error(`there is no ${name}`));
    },
  });
  await clock.advance(100_000);
  await loading;
  return log.recent(100).map((line) => line.replace(/^(.) \S+ +(\S+): /, "$1 "));
}

describe("the loader", () => {
  it("starts modules in order, each with its configuration, and goes on after one that fails or hangs", async () => {
    const started: unknown[] = [];
    const start = (_board: Board, config: unknown) => void started.push(config);
    const lines = await load("normal", {
      first: { start },
      broken: {
        start() {
          throw new Error("no such pin");
        },
      },
      missing: undefined,
      hangs: { start: () => new Promise(() => {}) },
      last: { start },
    });
    expect(started).toEqual([{ of: "first" }, { of: "last" }]);
    expect(lines.filter((line) => !line.includes("    at "))).toEqual([
      "I first has started",
      "E broken did not start",
      "E Error: no such pin",
      "E missing did not start",
      "E Error: there is no missing",
      "W hangs has not started within 10 s; going on without waiting for it",
      "I last has started",
    ]);
  });

  it("goes on after one whose file never ends to load", async () => {
    const lines = await load("normal", { hangs: new Promise(() => {}), last: { start() {} } });
    expect(lines).toEqual([
      "W hangs has not started within 10 s; going on without waiting for it",
      "I last has started",
    ]);
  });

  it("says what became of those that it did not wait for", async () => {
    const clock = new VirtualClock();
    const lines = await load(
      "normal",
      {
        slow: { start: () => sleep(clock, 40_000) },
        broken: {
          async start() {
            await sleep(clock, 40_000);
            throw new Error("no such pin");
          },
        },
      },
      clock,
    );
    expect(lines.filter((line) => !line.includes("    at "))).toEqual([
      "W slow has not started within 10 s; going on without waiting for it",
      "W broken has not started within 10 s; going on without waiting for it",
      "I slow has started after all",
      "E broken did not start after all",
      "E Error: no such pin",
    ]);
  });

  it("starts only the safe ones in safe mode", async () => {
    const started: unknown[] = [];
    const start = (_board: Board, config: unknown) => void started.push(config);
    const lines = await load("safe", { first: { start }, safe: { start } });
    expect(started).toEqual([{ of: "safe" }]);
    expect(lines).toEqual(["I first is left out in safe mode", "I safe has started"]);
  });
});
