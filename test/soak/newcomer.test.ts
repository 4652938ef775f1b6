import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { root } from "../house/imports.ts";
import { freePort } from "../support/mosquitto.ts";

const folder = mkdtempSync(join(tmpdir(), "moteq-newcomer-"));
const first = join(folder, "first");
const second = join(folder, "second");

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that runs, and what it has printed so far. */
interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exit: Promise<number | null>;
}

function run(cwd: string, environment: Record<string, string>, program: string, ...words: string[]): Running {
  const child = spawn(program, words, {
    cwd,
    env: environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  child.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (text += bytes.toString()));
  const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, output: () => text, exit };
}

async function until(running: Running, expected: string, seconds = 120): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!running.output().includes(expected)) {
    if (Date.now() > end || running.child.exitCode !== null) {
      throw new Error(`waited in vain for "${expected}"; it printed:\n${running.output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * Whether it said goodbye after Ctrl-C, and nothing after that. The exit code is not moteq's: the shell in which npm
 * runs scripts ends by the signal, and npm with it.
 */
async function endedCleanly(running: Running): Promise<void> {
  await running.exit;
  expect(running.output()).toMatch(/moteq has ended\.\n$/);
}

describe("a newcomer with a fresh clone and an empty home (real)", () => {
  it("starts it, sees traffic, sends a command, and ends it with Ctrl-C", async () => {
    const port = await freePort();
    // Nothing of this run's npm and vitest may help the newcomer.
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(npm_|VITEST|NODE_ENV|INIT_CWD|HOME$|MOTEQ_)/i.test(name),
    );
    const home = mkdtempSync(join(folder, "home-"));
    const environment = {
      ...(Object.fromEntries(inherited) as Record<string, string>),
      HOME: home,
      MOTEQ_BROKER_PORT: String(port),
    };
    for (const clone of [first, second]) execFileSync("git", ["clone", "--quiet", root, clone]);

    const started = run(first, environment, "npm", "start");
    try {
      await until(started, "Ctrl-C ends it.", 300);
      expect(started.output()).toContain("installing");
      await until(started, "light ");

      let known: { name: string }[] = [];
      for (let attempt = 0; attempt < 30 && known.length < 6; attempt++) {
        const nodes = run(first, environment, "npx", "moteq", "nodes", "--json");
        expect([await nodes.exit, nodes.output()]).toEqual([0, expect.stringContaining("[")]);
        known = JSON.parse(nodes.output()) as typeof known;
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      expect(known).toHaveLength(6);

      const published = run(first, environment, "npx", "moteq", "pub", "allnodes", "red", "-q", "1");
      expect([await published.exit, published.output()]).toEqual([0, ""]);
      await until(started, "the node lamp shows red", 30);

      // A second clone, installed without any script, says who has the port.
      const installed = run(second, environment, "npm", "ci", "--ignore-scripts");
      expect([await installed.exit, installed.output()]).toEqual([0, expect.any(String)]);
      const refused = run(second, environment, "npm", "start");
      expect(await refused.exit).toBe(1);
      expect(refused.output()).toContain(`moteq: port ${port} on 127.0.0.1 is in use`);
      expect(refused.output()).not.toMatch(/installing|\n\s+at /);
      const version = run(second, environment, "npx", "moteq", "--version");
      expect([await version.exit, version.output()]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
    } finally {
      process.kill(-(started.child.pid ?? 0), "SIGINT");
    }
    await endedCleanly(started);

    const again = run(first, environment, "npm", "start");
    await until(again, "Ctrl-C ends it.");
    process.kill(-(again.child.pid ?? 0), "SIGINT");
    await endedCleanly(again);
    expect(again.output()).not.toContain("installing");
  });
});
