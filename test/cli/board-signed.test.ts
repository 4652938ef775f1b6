import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { startEmbeddedBroker } from "../../src/hub/index.ts";
import { createKeyFile } from "../../src/node/index.ts";
import { root } from "../house/imports.ts";
import { startCli } from "../support/cli-process.ts";
import { freePort } from "../support/mosquitto.ts";

it("an image that was signed with one key is sent with another, as the guide shows, and by nobody without one (real)", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moteq-board-signed-"));
  const broker = await startEmbeddedBroker({ host: "127.0.0.1", port: await freePort() });
  const environment = { MOTEQ_BROKER_URL: broker.url };
  const keys = ["release.pem", "operator.pem"].map((name) => createKeyFile(join(folder, name)));
  writeFileSync(join(folder, "board.yaml"), JSON.stringify({ board: { data: "data", keys } }));
  writeFileSync(join(folder, "image.mjs"), 'import { runAgent } from "moteq/node";\nawait runAgent();\n');
  const board = startCli(folder, ["board", "run", "--config", "board.yaml"], { environment });
  await vi.waitFor(() => expect(board.out()).toContain("listening"), { timeout: 20_000 });
  const run = async (words: string) => {
    const running = startCli(folder, words.split(" "), { environment });
    return { code: await running.exit, out: running.out(), err: running.err() };
  };

  const guide = readFileSync(join(root, "docs/guide/boards.md"), "utf8");
  const [, sign = ""] = /npx moteq (board .* sign image\.mjs) > image\.mjs\.sig/.exec(guide) ?? [];
  const [, send = ""] = /npx moteq (board --sign .* ota image\.mjs)/.exec(guide) ?? [];
  writeFileSync(join(folder, "image.mjs.sig"), (await run(sign)).out);
  const unsigned = await run("board ota image.mjs");
  expect(unsigned.code).toBe(1);
  expect(unsigned.err).toContain("this board takes only signed commands: give the key with --sign FILE");
  expect(await run(send)).toEqual({ code: 0, out: "OK\n", err: "" });
  await vi.waitFor(() => expect(board.out()).toContain("normal mode, slot a"), { timeout: 20_000 });

  board.child.kill("SIGINT");
  expect(await board.exit).toBe(0);
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});
