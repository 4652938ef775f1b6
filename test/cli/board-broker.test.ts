import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { startCli } from "../support/cli-process.ts";
import { have } from "../support/external.ts";
import { startMosquitto } from "../support/mosquitto.ts";

describe.runIf(have("mosquitto"))("what a board says of its broker (real)", () => {
  it("is why it does not come to it, once, and when it goes and returns, also in its log", async () => {
    const folder = mkdtempSync(join(tmpdir(), "moteq-board-broker-"));
    await using broker = await startMosquitto({ users: { shed: "secret" } });
    const access = { url: broker.url, user: "shed" };
    const board = { data: "data" };
    const settings = (password: string) => JSON.stringify({ broker: { ...access, password }, board });
    writeFileSync(join(folder, "moteq.yaml"), settings("secret"));
    writeFileSync(join(folder, "wrong.yaml"), settings("wrong"));

    const wrong = startCli(folder, ["board", "run", "--config", "wrong.yaml"]);
    const refuses = /W .* broker: the broker at \S+ refuses this client: .*Check user and password/g;
    await vi.waitFor(() => expect(wrong.out()).toMatch(refuses), { timeout: 20_000 });
    // It has tried again by then.
    await vi.waitFor(() => expect(broker.log.match(/not authori[sz]ed/g)?.length).toBeGreaterThan(2), {
      timeout: 20_000,
    });
    expect(wrong.out().match(refuses)).toHaveLength(1);
    wrong.child.kill("SIGINT");
    await wrong.exit;

    const running = startCli(folder, ["board", "run"]);
    const connected = /I .* broker: connected to the broker/g;
    await vi.waitFor(() => expect(running.out()).toMatch(connected), { timeout: 20_000 });
    await broker.stop();
    await vi.waitFor(() => expect(running.out()).toMatch(/W .* broker: the broker at \S+ is gone/), {
      timeout: 20_000,
    });
    await broker.start();
    await vi.waitFor(() => expect(running.out().match(connected)).toHaveLength(2), { timeout: 20_000 });
    const log = startCli(folder, ["board", "log"]);
    expect(await log.exit).toBe(0);
    expect(log.out()).toMatch(/is gone/);
    expect(log.out().match(connected)).toHaveLength(2);
    running.child.kill("SIGINT");
    expect(await running.exit).toBe(0);
    expect(running.out()).not.toContain("ended; trying again");
    rmSync(folder, { recursive: true, force: true });
  });
});
