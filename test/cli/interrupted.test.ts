import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../src/hub/index.ts";
import { connect } from "../../src/node/index.ts";
import type { MqttClient } from "../../src/mqtt/index.ts";
import { startCli } from "../support/cli-process.ts";
import { freePort } from "../support/mosquitto.ts";

const folder = mkdtempSync(join(tmpdir(), "moteq-interrupted-"));
let broker: EmbeddedBroker;
let client: MqttClient;

beforeAll(async () => {
  broker = await startEmbeddedBroker({ host: "127.0.0.1", port: await freePort() });
  client = connect(broker.url);
});

afterAll(async () => {
  await client.close();
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command until it has said something at the broker or shown something, then presses Ctrl-C. */
async function interrupt(
  words: readonly string[],
  topic?: string,
  input: { readonly input?: string; readonly inputGoesOn?: boolean } = {},
) {
  let heard = false;
  const subscription = topic && (await client.subscribe(topic, { qos: 1 }, () => void (heard = true)));
  const running = startCli(folder, words, { environment: { MOTEQ_BROKER_URL: broker.url }, ...input });
  if (topic === undefined) {
    const say = () => client.publish("shed/log", "I 00:00:00.000 pump: x", { qos: 1 });
    await expect
      .poll(async () => (await say(), running.out()), { timeout: 20_000, interval: 100 })
      .not.toBe("");
  } else await expect.poll(() => heard, { timeout: 20_000 }).toBe(true);
  running.child.kill("SIGINT");
  const code = await running.exit;
  if (subscription) await subscription.unsubscribe();
  return { code, err: running.err() };
}

describe("Ctrl-C (real)", () => {
  it("ends a command that was not done with 130, and says so", async () => {
    const ends = await Promise.all([
      interrupt(["board", "--prefix", "a", "eval", "1"], "a/mqb/cmd/#"),
      interrupt(["board", "--prefix", "b", "get", "x"], "b/mqb/cmd/#"),
      interrupt(["sub", "shed/log", "-C", "1000"]),
    ]);
    for (const end of ends) expect(end).toEqual({ code: 130, err: "moteq: interrupted\n" });
  });

  it("ends a REPL that takes its lines from a pipe with 130, while the board is silent", async () => {
    const repl = ["board", "--dialect", "mqrepl", "repl"];
    const ends = await Promise.all([
      interrupt([...repl, "--prefix", "c"], "c/mqb/cmd/#", { input: "1\n2\n", inputGoesOn: true }),
      interrupt([...repl, "--prefix", "d"], "d/mqb/cmd/#", { input: "1\n2\n" }),
      // What was begun when the input ended is tried as well.
      interrupt([...repl, "--prefix", "e"], "e/mqb/cmd/#", { input: "f(1," }),
    ]);
    for (const end of ends) expect(end).toEqual({ code: 130, err: "moteq: interrupted\n" });
  });

  it("ends what goes on until then with 0", async () => {
    const ends = await Promise.all([
      interrupt(["sub", "shed/log"]),
      interrupt(["board", "--prefix", "shed", "log", "-f"]),
    ]);
    for (const end of ends) expect(end).toEqual({ code: 0, err: "" });
  });

  it("ends a log that was followed in vain, which said after the timeout that nobody answers", async () => {
    const words = ["board", "-T", "0.5", "--prefix", "nobody", "log", "-f"];
    const log = startCli(folder, words, { environment: { MOTEQ_BROKER_URL: broker.url } });
    await expect
      .poll(() => log.err(), { timeout: 20_000 })
      .toMatch(/no board answers at nobody\/mqb for 0.5 s/);
    await client.publish("nobody/log", "I 00:00:00.000 pump: here", { qos: 1 });
    await expect.poll(() => log.out()).toMatch(/pump: here/);
    log.child.kill("SIGINT");
    expect(await log.exit).toBe(0);
  });
});
