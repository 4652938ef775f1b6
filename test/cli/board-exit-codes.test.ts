import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Aedes } from "aedes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import type { MqttClient } from "../../src/mqtt/index.ts";
import { connect } from "../../src/node/index.ts";
import { decodeCommandTopic, encodeReplyTopic } from "../../src/wire/index.ts";
import { startCli } from "../support/cli-process.ts";
import { freePort } from "../support/mosquitto.ts";

const folder = mkdtempSync(join(tmpdir(), "moteq-exit-codes-"));
let aedes: Aedes;
let server: Server;
let url: string;
let board: MqttClient;

/** What the board answers to each command: the kind of its answer, and the payload. */
const answers: Record<string, readonly [kind: "out" | "err", payload: Uint8Array]> = {
  fine: ["out", Uint8Array.of(0xff, 0xff, 0x35)],
  refused: ["err", encodeUtf8("Traceback: no")],
  gap: ["out", Uint8Array.of(0x80, 0x02)],
};

beforeAll(async () => {
  aedes = await Aedes.createBroker();
  aedes.authenticate = (_client, user, password, done) =>
    done(null, user === "shed" && password?.toString() === "secret");
  server = createServer((socket) => void aedes.handle(socket));
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  url = `mqtt://127.0.0.1:${port}`;
  board = connect(url, { username: "shed", password: "secret" });
  for (const [prefix, [kind, payload]] of Object.entries(answers)) {
    const base = `${prefix}/mqb`;
    await board.subscribe(`${base}/cmd/#`, { qos: 1 }, ({ topic }) => {
      const id = decodeCommandTopic(base, topic)?.id ?? "";
      void board.publish(encodeReplyTopic(base, kind, id), payload, { qos: 1 });
    });
  }
});

afterAll(async () => {
  await board.close();
  await new Promise<void>((resolve) => aedes.close(() => resolve()));
  await new Promise<void>((resolve) => server.close(() => resolve()));
  rmSync(folder, { recursive: true, force: true });
});

async function run(words: readonly string[], options: { broker?: string; password?: string } = {}) {
  const { broker = url, password = "secret" } = options;
  const all = ["--broker", broker, "-u", "shed", "-P", password, "--dialect", "mqrepl", ...words];
  const running = startCli(folder, ["board", ...all]);
  return { code: await running.exit, out: running.out(), err: running.err() };
}

describe("the exit code of a command to a board (real)", () => {
  it("is 0 when it was done", async () => {
    expect(await run(["--prefix", "fine", "eval", "2+3"])).toEqual({ code: 0, out: "5\n", err: "" });
  });

  it("is 1 when the board refuses, leaves a part out or is silent, and when no broker is there", async () => {
    const [refused, gap, silent, noBroker] = await Promise.all([
      run(["--prefix", "refused", "eval", "1"]),
      run(["--prefix", "gap", "eval", "1"]),
      run(["-T", "1", "--prefix", "nobody", "eval", "1"]),
      run(["-T", "1", "eval", "1"], { broker: "mqtt://127.0.0.1:1" }),
    ]);
    expect(refused).toEqual({ code: 1, out: "", err: "moteq: Traceback: no\n" });
    expect(gap).toEqual({
      code: 1,
      out: "",
      err: "moteq: the board's answer lacks a part: 0 was next, 2 came\n",
    });
    expect(silent).toMatchObject({ code: 1, out: "" });
    expect(silent.err).toBe("moteq: the board at nobody/mqb did not answer eval for 1 s\n");
    expect(noBroker).toMatchObject({ code: 1, out: "" });
    expect(noBroker.err).toMatch(/no broker at .*\n.*the broker's acceptance did not come within 1 s\n$/);
  });

  it("is 2 when it was called wrongly", async () => {
    const ends = await Promise.all([run(["eval"]), run(["nonsense"]), run(["--prefix", "#", "ls"])]);
    expect(ends.map(({ code }) => code)).toEqual([2, 2, 2]);
  });

  it("is 2, long before the timeout, when the broker refuses user or password", async () => {
    const words = [["eval", "1"], ["log", "-f"], ["list"]];
    for (const { code, out, err } of await Promise.all(words.map((one) => run(one, { password: "wrong" })))) {
      expect([code, out]).toEqual([2, ""]);
      expect(err).toMatch(
        /^moteq: the broker at .* refuses this client: .*not.authori.*Check user and password\n$/,
      );
    }
  });
});
