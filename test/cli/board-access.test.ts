import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { root } from "../house/imports.ts";
import { type CliProcess, startCli } from "../support/cli-process.ts";
import { have } from "../support/external.ts";
import { type Mosquitto, startMosquitto } from "../support/mosquitto.ts";

const folder = mkdtempSync(join(tmpdir(), "moteq-board-access-"));
const prefix = "greenhouse/shed";
const guide = readFileSync(join(root, "docs/guide/boards.md"), "utf8");

/** The topics that a cell of the guide's table names. */
function topicsIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, topic = ""]) => topic.replace(/^P\//, `${prefix}/`));
}

/** The access rules that the guide's table gives to somebody, as lines of mosquitto's file. */
function rulesOf(who: string, user: string): string {
  const [, publishes = "", subscribes = ""] = guide.match(`\n\\| ${who} \\|(.*)\\|(.*)\\|\n`) ?? [];
  const lines = [
    ...topicsIn(publishes).map((topic) => `topic write ${topic}`),
    ...topicsIn(subscribes).map((topic) => `topic read ${topic}`),
  ];
  return `user ${user}\n${lines.join("\n")}\n`;
}

async function run(...words: string[]) {
  const running = startCli(folder, words);
  const code = await running.exit;
  return { code, out: running.out(), err: running.err() };
}

describe.runIf(have("mosquitto"))("a board under the access rules of the guide (real)", () => {
  let broker: Mosquitto;
  let board: CliProcess;

  beforeAll(async () => {
    const rules = join(folder, "rules");
    writeFileSync(rules, rulesOf("the board", "shed") + rulesOf("who drives it", "alice"), { mode: 0o600 });
    broker = await startMosquitto({
      users: { shed: "secret", alice: "secret" },
      config: [`acl_file ${rules}`, "log_type all"],
    });
    const settings = (user: string) => ({ broker: { url: broker.url, user, password: "secret" } });
    const watchdog = { timeout: 12, confirm: 0.5 };
    writeFileSync(join(folder, "moteq.yaml"), JSON.stringify({ ...settings("alice"), board: { prefix } }));
    writeFileSync(
      join(folder, "board.yaml"),
      JSON.stringify({ ...settings("shed"), board: { prefix, data: "data", watchdog } }),
    );
    board = startCli(folder, ["board", "run", "--config", "board.yaml"]);
    await vi.waitFor(() => expect(board.out()).toContain("listening"), { timeout: 20_000 });
  });

  afterAll(async () => {
    board.child.kill("SIGINT");
    await board.exit;
    await broker[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it("is driven, feeds its watchdog, and shows its log", async () => {
    writeFileSync(join(folder, "notes.txt"), "notes");
    const following = startCli(folder, ["board", "log", "-f"]);
    const [evaluated, put] = await Promise.all([
      run("board", "eval", "2+3"),
      run("board", "put", "notes.txt"),
    ]);
    expect(evaluated).toEqual({ code: 0, out: "5\n", err: "" });
    expect(put).toMatchObject({ code: 0, err: "" });
    // The first lines may come before it listens.
    await vi.waitFor(
      async () => {
        await run("board", "eval", "board.log('test').info('hello')");
        expect(following.out()).toContain("hello");
      },
      { timeout: 20_000 },
    );
    following.child.kill("SIGINT");
    await following.exit;
    const confirmed = async () => JSON.parse((await run("board", "info", "--json")).out) as unknown;
    await expect.poll(confirmed, { timeout: 20_000 }).toMatchObject({ confirmed: true, mode: "normal" });
  });

  it("is forgotten by the guide's command when it is gone", async () => {
    board.child.kill("SIGINT");
    await board.exit;
    expect((await run("board", "list")).out).toContain("offline");
    const [, words = ""] = /`npx moteq (pub PREFIX[^`]*)`/.exec(guide) ?? [];
    expect((await run(...words.replace("PREFIX", prefix).split(" "))).code).toBe(0);
    expect((await run("board", "list")).out).not.toContain(prefix);
    expect(broker.log).not.toContain("Denied");
  });
});
