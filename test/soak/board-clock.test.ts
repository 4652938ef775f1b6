import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startEmbeddedBroker } from "../../src/hub/index.ts";
import { connect, systemClock, systemCryptography } from "../../src/node/index.ts";
import { openBoard } from "../../src/remote/index.ts";
import { startCli } from "../support/cli-process.ts";
import { freePort } from "../support/mosquitto.ts";

/** How long the board's watchdog waits, in milliseconds. */
const watchdogMs = 10_000;
const yearMs = 365 * 86_400_000;

describe("a supervisor and an agent whose clock is set (real)", () => {
  it("start nothing again and revert nothing, however far it is set", async () => {
    const folder = mkdtempSync(join(tmpdir(), "moteq-clock-"));
    const broker = await startEmbeddedBroker({ host: "127.0.0.1", port: await freePort() });
    // Each process of the board looks here how far its clock is from this machine's.
    const step = join(folder, "step");
    writeFileSync(step, "0");
    writeFileSync(
      join(folder, "clock.cjs"),
      `const { readFileSync } = require("node:fs");
const now = Date.now;
let step = 0;
setInterval(() => (step = Number(readFileSync(${JSON.stringify(step)}, "utf8")) || step), 50).unref();
Date.now = () => now() + step;
`,
    );
    const watchdog = { timeout: watchdogMs / 1000, confirm: 1, hang: 10 };
    writeFileSync(join(folder, "board.yaml"), JSON.stringify({ board: { data: "data", watchdog } }));
    const environment = {
      MOTEQ_BROKER_URL: broker.url,
      NODE_OPTIONS: `--require ${join(folder, "clock.cjs")}`,
    };
    const running = startCli(folder, ["board", "run", "--config", "board.yaml"], { environment });
    const client = connect(broker.url);
    const services = { client, clock: systemClock, cryptography: systemCryptography };
    const board = await openBoard({ ...services, base: "board/mqb" });
    await expect.poll(async () => (await board.info()).confirmed, { timeout: 20_000 }).toBe(true);
    const { session } = await board.info();
    for (const toMs of [10 * yearMs, -20 * yearMs, 1]) {
      writeFileSync(step, String(toMs));
      await delay(watchdogMs * 1.2);
      // It does go by that clock.
      const now = Number(Buffer.from(await board.evaluate("board.clock.now()")).toString());
      expect(Math.abs(now - Date.now() - toMs)).toBeLessThan(5000);
      expect(await board.info()).toMatchObject({ session, mode: "normal", confirmed: true });
    }
    expect(await board.crashes()).toEqual([]);
    expect((await board.recentLog()).length).toBeGreaterThan(0);
    await board.close();
    await client.close();
    running.child.kill("SIGINT");
    expect(await running.exit).toBe(0);
    await broker.close();
    rmSync(folder, { recursive: true });
  }, 120_000);
});
