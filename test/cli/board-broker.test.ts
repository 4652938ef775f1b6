import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { startEmbeddedBroker } from "../../src/hub/index.ts";
import { ownIdOf } from "../../src/node/index.ts";
import { startCli } from "../support/cli-process.ts";
import { have } from "../support/external.ts";
import { freePort, startMosquitto } from "../support/mosquitto.ts";

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

describe("two boards with one prefix (real)", () => {
  it("both stay connected, each under its own id, and the first one says what is wrong", async () => {
    const folder = mkdtempSync(join(tmpdir(), "moteq-board-pair-"));
    const broker = await startEmbeddedBroker({ host: "127.0.0.1", port: await freePort() });
    const environment = { MOTEQ_BROKER_URL: broker.url };
    const first = startCli(folder, ["board", "run", "--data", "one"], { environment });
    await vi.waitFor(() => expect(first.out()).toContain("listening"), { timeout: 20_000 });
    const second = startCli(folder, ["board", "run", "--data", "two"], { environment });
    await vi.waitFor(() => expect(second.out()).toContain("listening"), { timeout: 20_000 });
    await vi.waitFor(() => expect(first.out()).toContain("another board announces itself at board/mqb"));
    for (const board of [first, second]) {
      board.child.kill("SIGINT");
      expect(await board.exit).toBe(0);
      expect(board.out().match(/connected to the broker/g)).toHaveLength(1);
    }
    const [one, two] = [ownIdOf(join(folder, "one")), ownIdOf(join(folder, "two"))];
    expect(one).toBe(readFileSync(join(folder, "one/id"), "utf8"));
    expect(one).not.toBe(two);
    await broker.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
