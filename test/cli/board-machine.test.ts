import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { startEmbeddedBroker } from "../../src/hub/index.ts";
import { connect } from "../../src/node/index.ts";
import { root } from "../house/imports.ts";
import { startCli } from "../support/cli-process.ts";
import { freePort } from "../support/mosquitto.ts";

const guide = readFileSync(join(root, "docs/guide/board-machine.md"), "utf8");

/** The words of a command that the guide shows. */
function wordsOf(command: RegExp): string[] {
  return (command.exec(guide)?.[1] ?? "").split(" ");
}

it("the guide's board runs its module, then the same from an image, and ends when it is told from afar (real)", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moteq-board-machine-"));
  cpSync(join(root, "examples/board"), folder, { recursive: true });
  const broker = await startEmbeddedBroker({ host: "127.0.0.1", port: await freePort() });
  const environment = { MOTEQ_BROKER_URL: broker.url, MOTEQ_BOARD_PREFIX: "greenhouse/shed" };
  const run = async (...words: string[]) => {
    const running = startCli(folder, words, { environment });
    return { code: await running.exit, out: running.out(), err: running.err() };
  };
  const board = startCli(folder, ["board", "run", "--config", "board.yaml"], { environment });
  const runsIn = (slot: string) =>
    vi.waitFor(
      () => {
        const [, since = ""] = board.out().split(`normal mode, slot ${slot};`);
        expect(since).toMatch(/blink: blinking green[^]*blink\.mjs has started/);
      },
      { timeout: 20_000 },
    );
  await runsIn("factory");
  const client = connect(broker.url);
  const heard: string[] = [];
  await client.subscribe("greenhouse/shed/led", { qos: 0 }, (message) => {
    heard.push(Buffer.from(message.payload).toString());
  });
  await vi.waitFor(() => expect(heard.slice(0, 2).toSorted()).toEqual(["green", "off"]), { timeout: 20_000 });
  await client.close();
  const offered =
    "[typeof board.client.publish, typeof require('node:fs').readFileSync, typeof watchdog.feed]";
  expect(await run("board", "eval", offered)).toMatchObject({
    out: "[ 'function', 'function', 'function' ]\n",
  });

  const bundler = join(root, "node_modules/.bin/rolldown");
  execFileSync(bundler, wordsOf(/npx rolldown (.+)/), { cwd: folder, stdio: "ignore" });
  expect(await run(...wordsOf(/npx moteq (board ota .+)/))).toEqual({ code: 0, out: "OK\n", err: "" });
  await runsIn("a");

  const [, source = ""] = /npx moteq board eval '(.+)'/.exec(guide) ?? [];
  await run("board", "eval", source);
  expect(await board.exit).toBe(0);
  expect(board.out()).not.toContain("did not start");
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});
