import { describe, expect, it } from "vitest";
import { BoardLog } from "../../src/board/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

function createLog(options: { bufferSize?: number; startsAt?: number } = {}) {
  const clock = new VirtualClock({ startsAt: options.startsAt ?? 0 });
  const console: string[] = [];
  const log = new BoardLog({ clock, write: (line) => void console.push(line), ...options });
  return { clock, console, log };
}

describe("a board's log", () => {
  it("writes lines as the original does: letter, time since the start, name, text", async () => {
    const { clock, console, log } = createLog();
    await clock.advance(1234);
    log.logger("main").warning("hot");
    log.logger("a-long-name").error("cold");
    expect(console).toEqual(["W     1234     main: hot", "E     1234 a-long-name: cold"]);
  });

  it("gives as many of its last lines as are asked for", () => {
    const { log } = createLog();
    for (const text of ["a", "b", "c"]) log.logger("x").info(text);
    expect([0, 1, 2, 5].map((count) => log.recent(count).length)).toEqual([0, 1, 2, 3]);
    expect(log.recent(1)[0]).toMatch(/: c$/);
  });

  it("writes lines of at most 1024 characters", () => {
    const { console, log } = createLog();
    log.logger("main").info("x".repeat(5000));
    expect(console.map(({ length }) => length)).toEqual([1024]);
  });

  it("writes at most 1000 lines of one text, and says that there were more", () => {
    const { console, log } = createLog();
    log.logger("main").warning("\n".repeat(999));
    expect(console).toHaveLength(1000);
    expect(console.at(-1)).toMatch(/: $/);
    log.logger("main").warning("\n".repeat(1_000_000));
    expect(console).toHaveLength(2000);
    expect(console.at(-1)).toContain("the rest of this text is left out");
  });

  it("writes the time of day once the clock is set", () => {
    const { console, log } = createLog({ startsAt: Date.UTC(2026, 10, 20, 9, 5, 1, 7) });
    log.logger("main").info("up");
    expect(console).toEqual(["I 09:05:01.007     main: up"]);
  });

  it("keeps lines until there is a connection, then sends them in order", async () => {
    const { clock, log } = createLog();
    const sent: string[] = [];
    for (let index = 0; index < 40; index++) log.logger("x").info(String(index));
    log.connect((line) => {
      sent.push(line.split(": ")[1] ?? "");
      return Promise.resolve();
    });
    await clock.advance(0);
    expect(sent).toEqual(Array.from({ length: 40 }, (_, index) => String(index)));
  });

  it("has no more than 16 lines on their way at once", () => {
    const { log } = createLog();
    let sent = 0;
    for (let index = 0; index < 40; index++) log.logger("x").info(String(index));
    log.connect(() => {
      sent++;
      return new Promise(() => {});
    });
    expect([sent, log.waiting]).toEqual([16, 24]);
  });

  it("lets go of what is less than a warning first when its buffer is full, then of the oldest, and says so", async () => {
    const { clock, log } = createLog({ bufferSize: 120 });
    const line = "0123456789";
    log.logger("x").error(line);
    for (let index = 0; index < 10; index++) log.logger("x").info(line);
    log.logger("x").warning(line);
    const sent: string[] = [];
    log.connect((one) => Promise.resolve(void sent.push(one)));
    await clock.advance(0);
    expect(sent.map((one) => one.charAt(0)).join("")).toBe("WEIW");
    expect(sent[0]).toContain("9 lines were dropped");
  });

  it("does not say of a flood over a connection that there was none", async () => {
    const { clock, log } = createLog({ bufferSize: 120 });
    const sent: string[] = [];
    log.connect((one) => Promise.resolve(void sent.push(one)));
    log.logger("x").warning("0123456789\n".repeat(100));
    await clock.advance(0);
    expect(sent.join("\n")).toMatch(/\d+ lines were dropped: more came than could be sent/);
  });

  it("has levels for console and MQTT apart", async () => {
    const { clock, console, log } = createLog();
    log.levels.console = "error";
    log.levels.mqtt = "debug";
    const sent: string[] = [];
    log.connect((one) => Promise.resolve(void sent.push(one)));
    log.logger("x").debug("d");
    log.logger("x").critical("c");
    log.levels.mqtt = "none";
    log.logger("x").critical("n");
    await clock.advance(0);
    expect(sent.map((one) => one.slice(-1))).toEqual(["d", "c"]);
    expect(console.map((one) => one.slice(-1))).toEqual(["c", "n"]);
  });
});
