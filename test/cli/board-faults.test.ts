import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../src/hub/index.ts";
import { connect, systemClock, systemCryptography } from "../../src/node/index.ts";
import { openBoard, type RemoteBoard } from "../../src/remote/index.ts";
import { testCertificate } from "../support/certificate.ts";
import { startCli } from "../support/cli-process.ts";
import { have } from "../support/external.ts";
import { freePort, startMosquitto } from "../support/mosquitto.ts";

const folder = mkdtempSync(join(tmpdir(), "moteq-board-faults-"));
let broker: EmbeddedBroker;

beforeAll(async () => {
  broker = await startEmbeddedBroker({ host: "127.0.0.1", port: await freePort() });
});

afterAll(async () => {
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});

async function drive<T>(
  prefix: string,
  work: (board: RemoteBoard) => Promise<T>,
  timeoutMs = 5000,
): Promise<T> {
  const client = connect(broker.url);
  try {
    const services = { client, clock: systemClock, cryptography: systemCryptography };
    return await work(await openBoard({ ...services, base: `${prefix}/mqb`, timeoutMs }));
  } finally {
    await client.close();
  }
}

describe.runIf(process.platform === "linux")("a board whose disk is full (real)", () => {
  it("starts, does what needs no disk, starts its agent again, and says what it cannot write", async () => {
    const settings = {
      data: "full",
      prefix: "full",
      watchdog: { timeout: 20, confirm: 60, failed_boots: 9 },
    };
    writeFileSync(join(folder, "full.yaml"), JSON.stringify({ board: settings }));
    const words = ["board", "run", "--config", "full.yaml", "--watchdog", "/dev/full"];
    const environment = { MOTEQ_BROKER_URL: broker.url };
    // It was started once before, while there was room for all but its output.
    const first = startCli(folder, ["board", "run", "--config", "full.yaml"], {
      environment,
      under: ["sh", "-c", 'exec "$@" >/dev/full', "sh"],
    });
    const answer = () => drive("full", (one) => one.evaluate("1"), 300).then(String, String);
    await expect.poll(answer, { timeout: 20_000 }).toBe("49");
    first.child.kill("SIGINT");
    expect(await first.exit).toBe(0);
    // Of now on no file takes a byte more, as on a full disk, and nor does the watchdog.
    const under = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh"] as const;
    const board = startCli(folder, words, { environment, under });
    await vi.waitFor(() => expect(board.out()).toContain("listening"), { timeout: 20_000 });
    expect(board.out()).toMatch(/the agent's process id cannot be noted: EFBIG/);
    expect(board.out()).toMatch(/the record of boots cannot be written: EFBIG/);
    await vi.waitFor(() => {
      expect(board.out().match(/the hardware watchdog cannot be fed: ENOSPC/g)).toHaveLength(1);
    });
    const put = drive("full", (one) => one.put("file", new Uint8Array(100)));
    await expect(put).rejects.toMatchObject({ detail: { code: "board/full" } });
    const before = await drive("full", async (one) => {
      await one.evaluate("print('x'.repeat(9000)); setTimeout(() => process.exit(7), 500)");
      return await one.info();
    });
    const session = () =>
      drive("full", async (one) => (await one.info()).session, 300).catch(() => before.session);
    await expect.poll(session, { timeout: 20_000 }).not.toBe(before.session);
    expect(board.child.exitCode).toBeNull();
    expect(readdirSync(join(folder, "full/crashes"))).toEqual([]);
    expect(readdirSync(join(folder, "full/files"))).toEqual([]);
    board.child.kill("SIGINT");
    expect(await board.exit).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, "full/boot.json"), "utf8"))).toMatchObject({
      failedBoots: 0,
    });
  });
});

describe.runIf(have("mosquitto"))("a board behind TLS that asks for a certificate (real)", () => {
  it("is driven with one, and without one or with a wrong one that is said at once", async () => {
    writeFileSync(join(folder, "cert.pem"), testCertificate.cert, { mode: 0o644 });
    writeFileSync(join(folder, "key.pem"), testCertificate.key);
    writeFileSync(join(folder, "notes.txt"), "no certificate");
    const other = generateKeyPairSync("ed25519").privateKey;
    writeFileSync(join(folder, "other.pem"), other.export({ format: "pem", type: "pkcs8" }));
    const port = await freePort();
    const files = ["cafile", "certfile"].map((key) => `${key} ${join(folder, "cert.pem")}`);
    await using mosquitto = await startMosquitto({
      users: { shed: "secret" },
      config: [
        `listener ${port} 127.0.0.1`,
        ...files,
        `keyfile ${join(folder, "key.pem")}`,
        "require_certificate true",
      ],
    });
    expect(mosquitto.port).not.toBe(port);
    const access = { url: `mqtts://127.0.0.1:${port}`, user: "shed", password: "secret", ca: "cert.pem" };
    const own = { ...access, cert: "cert.pem", key: "key.pem" };
    const board = { data: "tls", prefix: "tls", watchdog: { timeout: 20 } };
    writeFileSync(join(folder, "tls.yaml"), JSON.stringify({ broker: own, board }));
    writeFileSync(join(folder, "without.yaml"), JSON.stringify({ broker: access, board }));
    const running = startCli(folder, ["board", "run", "--config", "tls.yaml"]);
    await vi.waitFor(() => expect(running.out()).toContain("listening"), { timeout: 20_000 });
    const evaluate = async (...words: string[]) => {
      const command = startCli(folder, ["board", "-T", "3", ...words, "eval", "2+3"]);
      return { code: await command.exit, out: command.out(), err: command.err() };
    };
    const [good, without, noCa, wrongKey] = await Promise.all([
      evaluate("--config", "tls.yaml", "-T", "20"),
      evaluate("--config", "without.yaml"),
      evaluate("--config", "tls.yaml", "--ca", "notes.txt"),
      evaluate("--config", "tls.yaml", "--key", "other.pem"),
    ]);
    expect(good).toEqual({ code: 0, out: "5\n", err: "" });
    expect(without.code).toBe(1);
    // What the broker says of it may be lost with the connection that it closes.
    expect(without.err).toMatch(
      /asks for a certificate of ours: name it, and its key, by --cert and --key\n|broker closed the connection/,
    );
    expect(noCa).toMatchObject({ code: 2, out: "" });
    expect(noCa.err).toBe("moteq: broker.ca: notes.txt holds no certificate (PEM)\n");
    expect(wrongKey.code).toBe(2);
    expect(wrongKey.err).toBe("moteq: broker.key: other.pem is not the key of the certificate cert.pem\n");
    running.child.kill("SIGINT");
    expect(await running.exit).toBe(0);
  });
});
