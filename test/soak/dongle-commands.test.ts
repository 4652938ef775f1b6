import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../src/base/index.ts";
import { connect } from "../../src/node/mqtt.ts";
import { RealDongle } from "../dongle/real-dongle.ts";
import { root } from "../house/imports.ts";
import { have } from "../support/external.ts";
import { freePort } from "../support/mosquitto.ts";
import { until } from "../support/until.ts";

interface Running extends Disposable {
  readonly child: ChildProcess;
  readonly said: { out: string; err: string };
}

/** Starts `moteq` as built. */
function start(...words: string[]): Running {
  const child = spawn(process.execPath, [join(root, "bin/moteq.js"), ...words], { stdio: "pipe" });
  const said = { out: "", err: "" };
  child.stdout.on("data", (bytes: Buffer) => (said.out += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (said.err += bytes.toString()));
  return { child, said, [Symbol.dispose]: () => void child.kill("SIGKILL") };
}

async function run(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const { child, said } = start(...words);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...said };
}

describe.runIf(have("socat"))("the dongle's commands (real)", () => {
  it("make a dongle of a board, say what it is, and restart it", async () => {
    await using dongle = await RealDongle.start({});
    const installed = await run("dongle", "install", dongle.path);
    expect([installed.code, installed.err]).toEqual([
      0,
      "stopping what the board runs\nwriting the file\ncomparing its digest\nrestarting the board\n",
    ]);
    expect(installed.out).toMatch(
      /^MicroPython 1\.27\.0 on .* is a dongle now\. Nodes call it 70041dad8f10\.\n/,
    );
    expect(installed.out).toContain(`npx moteq up --radio serial:${dongle.path}\n`);

    const info = await run("dongle", "info", dongle.path, "--json");
    expect(JSON.parse(info.out)).toMatchObject({
      address: "70041dad8f10",
      version: 1,
      micropython: "1.27.0",
      sent: 0,
    });

    const boots = dongle.board.boots;
    const reset = await run("dongle", "reset", dongle.path);
    expect(reset).toEqual({ code: 0, out: "The dongle 70041dad8f10 has been restarted.\n", err: "" });
    expect(dongle.board.boots).toBe(boots + 1);
  });

  it("reach a board behind TCP", async () => {
    await using dongle = await RealDongle.start();
    const port = await freePort();
    const words = [`TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork`, `FILE:${dongle.path},raw,echo=0`];
    const relay = spawn("socat", words, { stdio: "ignore" });
    try {
      await new Promise((resolve) => setTimeout(resolve, 300));
      const info = await run("dongle", "info", `tcp://127.0.0.1:${port}`, "--json");
      expect(JSON.parse(info.out)).toMatchObject({ address: "70041dad8f10", version: 1 });
    } finally {
      relay.kill();
    }
  });

  it("leave a board alone that was never meant", async () => {
    await using dongle = await RealDongle.start({ "main.py": "# a lamp\n" });
    const { code, err } = await run("dongle", "install", dongle.path);
    expect(code).toBe(2);
    expect(err).toContain(
      "moteq: the board has a main.py of its own, which would no longer run. With --force",
    );
  });

  it("run a gateway that goes on when the dongle was pulled", async () => {
    await using dongle = await RealDongle.start();
    const port = await freePort();
    const words = ["--radio", `serial:${dongle.path}`, "--port", String(port), "--data", "none"];
    using up = start("up", "--classic", "open", ...words);
    await until(() =>
      up.said.out.includes(`gateway   70041dad8f10 on channel 1, by the dongle at ${dongle.path}`),
    );
    const client = connect(`mqtt://127.0.0.1:${port}`);
    const seen: string[] = [];
    await client.subscribe("shed", {}, ({ payload }) => void seen.push(decodeUtf8(payload) ?? ""));
    const node = dongle.air.join({ address: "02000000bb01" });
    const heard: string[] = [];
    node.listen(({ bytes }) => heard.push(decodeUtf8(bytes) ?? ""));

    await node.send("70041dad8f10", encodeUtf8('["shed", "before", false, 0]'));
    await until(() => seen.length === 1);
    await dongle.unplug();
    await until(() => (up.said.out + up.said.err).includes("the dongle is gone"));
    expect(await node.send("70041dad8f10", encodeUtf8('["shed", "nobody", false, 0]'))).toBe(false);
    await dongle.plugIn();
    await until(() => (up.said.out + up.said.err).includes("the dongle is back"));
    await node.send("70041dad8f10", encodeUtf8('["shed", "after", false, 0]'));
    await until(() => seen.length === 2);
    expect(seen).toEqual(["before", "after"]);

    // A command reaches the node too.
    await node.send("70041dad8f10", encodeUtf8('["colour", 0]'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await client.publish("colour", encodeUtf8("red"));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await node.send("70041dad8f10", encodeUtf8('["get"]'));
    await until(() => heard.includes('["colour", "red", false]'));

    await client.close();
    up.child.kill("SIGINT");
    const [code] = (await once(up.child, "close")) as [number | null];
    expect([code, up.said.out.endsWith("moteq has ended.\n")]).toEqual([0, true]);
  });
});
