import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../src/hub/index.ts";
import { connect, type MqttClient } from "../../src/node/mqtt.ts";
import { Programs } from "../support/command.ts";
import { have } from "../support/external.ts";
import { freePort } from "../support/mosquitto.ts";

let broker: EmbeddedBroker;
let client: MqttClient;
let url: string;

beforeAll(async () => {
  const port = await freePort();
  url = `mqtt://127.0.0.1:${port}`;
  broker = await startEmbeddedBroker({ host: "127.0.0.1", port });
  client = connect(url);
  await client.ready();
});

afterAll(async () => {
  await client.close();
  await broker.close();
});

/** The first message on a topic from now on. */
async function listen(topic: string): Promise<{ readonly first: Promise<string> }> {
  let tell!: (text: string) => void;
  const first = new Promise<string>((resolve) => (tell = resolve));
  await client.subscribe(topic, { qos: 1 }, ({ payload }) => tell(Buffer.from(payload).toString()));
  return { first };
}

describe("moteq modem and moteq host (real)", () => {
  it("carry messages, statuses, memory and time over a TCP port", async () => {
    await using programs = new Programs();
    const line = `127.0.0.1:${await freePort()}`;
    const modem = programs.moteq("modem", "--wire", `listen:${line}`, "--broker", url);
    const host = ["host", "--wire", `tcp:${line}`];
    const status = await programs.run(...host, "status");
    expect(status).toMatchObject({
      code: 0,
      out: "2  DEFNET\n1  BROKER_CHECK\n0  BROKER_OK\n5  RUNNING\n9  WIFI_UP\n",
    });
    const results = await listen("result");
    expect((await programs.run(...host, "pub", "result", "21.5 °C")).code).toBe(0);
    expect(await results.first).toBe("21.5 °C");
    const { out } = await programs.run(...host, "--json", "time");
    expect(Math.abs((JSON.parse(out) as { time: number }).time - Date.now())).toBeLessThan(60_000);
    const memory = JSON.parse((await programs.run(...host, "--json", "mem")).out) as { free: number };
    expect(memory.free).toBeGreaterThan(0);
    modem.child.kill("SIGINT");
    expect(await modem.exit).toBe(0);
    expect(modem.out()).toContain("moteq has ended.");
  });

  it("bring all of a long message at QoS 0, although the host ends at once", async () => {
    await using programs = new Programs();
    const line = `127.0.0.1:${await freePort()}`;
    programs.moteq("modem", "--wire", `listen:${line}`, "--broker", url);
    const host = ["host", "--wire", `tcp:${line}`];
    // Ends when the modem listens and has its broker.
    expect((await programs.run(...host, "status")).code).toBe(0);
    const results = await listen("long");
    const long = "x".repeat(100_000);
    expect(await programs.run(...host, "pub", "-q", "0", "long", long)).toMatchObject({ code: 0, err: "" });
    expect((await results.first).length).toBe(100_000);
  });

  it("say what is wrong with a wire, a network and a host that has no modem", async () => {
    await using programs = new Programs();
    const bad = await programs.run("host", "--wire", "string", "status");
    expect(bad).toMatchObject({ code: 2 });
    expect(bad.err).toContain(
      'a wire is serial:PATH, serial:PATH:BAUD, tcp:HOST:PORT, listen:PORT or five-wire:…, got "string"',
    );
    expect(
      (await programs.run("modem", "--wire", "listen:1", "--network", "magic", "--broker", url)).err,
    ).toContain("--network");
    const alone = await programs.run(
      "host",
      "--wire",
      `tcp:127.0.0.1:${await freePort()}`,
      "-W",
      "1",
      "pub",
      "t",
      "m",
    );
    expect(alone.code).toBe(1);
    expect(alone.err).toContain("ECONNREFUSED");
    expect(alone.err).toContain("did not come within 1 s");
  });
});

describe.runIf(have("socat"))("moteq modem and moteq host on a pseudo-terminal (real)", () => {
  it("publish through serial ports", async () => {
    await using programs = new Programs();
    const end = (name: string) => join(programs.folder, name);
    programs.start("socat", [`pty,link=${end("modem")},raw,echo=0`, `pty,link=${end("host")},raw,echo=0`]);
    programs.moteq("modem", "--wire", `serial:${end("modem")}`, "--broker", url);
    const results = await listen("serial");
    const host = await programs.run(
      "host",
      "--wire",
      `serial:${end("host")}`,
      "-W",
      "30",
      "pub",
      "serial",
      "hello",
    );
    expect(host.code, host.err).toBe(0);
    expect(await results.first).toBe("hello");
  });
});
