import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { loadConfig, startEmbeddedBroker, startModem } from "../../src/hub/index.ts";
import { connect } from "../../src/node/index.ts";
import { freePort } from "../support/mosquitto.ts";
import { createStandIn } from "../support/stand-in.ts";

/** Runs an example and gives back what it printed. */
async function run(load: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const log = vi
    .spyOn(console, "log")
    .mockImplementation((...words: unknown[]) => void lines.push(words.join(" ")));
  try {
    await load();
  } finally {
    log.mockRestore();
  }
  return lines;
}

describe("the examples", () => {
  it("mqtt-client.ts publishes and hears itself (real)", async () => {
    const port = await freePort();
    const broker = await startEmbeddedBroker({ host: "127.0.0.1", port });
    vi.stubEnv("BROKER", `mqtt://127.0.0.1:${port}`);
    const lines = await run(() => import("../../examples/mqtt-client.ts"));
    vi.unstubAllEnvs();
    await broker.close();
    expect(lines).toEqual(["connecting", "connected", "home/kitchen/temperature 21.5", "closed"]);
  });

  it("link-host.ts publishes and hears itself through a modem (real)", async () => {
    const [port, line] = [await freePort(), await freePort()];
    const broker = await startEmbeddedBroker({ host: "127.0.0.1", port });
    const { broker: settings } = loadConfig({
      environment: {},
      overrides: { broker: { url: `mqtt://127.0.0.1:${port}` } },
    });
    const wire = { wire: `listen:${line}`, network: "system", time: "system", ownBroker: true };
    const modem = await startModem(settings, wire, () => {});
    vi.stubEnv("WIRE", `tcp:127.0.0.1:${line}`);
    const lines = await run(() => import("../../examples/link-host.ts"));
    vi.unstubAllEnvs();
    await modem.close();
    await broker.close();
    expect(lines).toEqual(["greenhouse/lamp on"]);
  });

  it("light-to-mqtt.ts prints and publishes what the seed's session does (real)", async () => {
    const port = await freePort();
    const broker = await startEmbeddedBroker({ host: "127.0.0.1", port });
    vi.stubEnv("BROKER", `mqtt://127.0.0.1:${port}`);
    vi.stubEnv("COUNT", "2");
    const listener = connect(`mqtt://127.0.0.1:${port}`);
    const messages: string[] = [];
    await listener.subscribe("test-topic", { qos: 1 }, ({ payload }) => {
      messages.push(Buffer.from(payload).toString());
    });
    const lines = await run(() => import("../../examples/light-to-mqtt.ts"));
    await listener.close();
    vi.unstubAllEnvs();
    await broker.close();
    const events = messages.map((text) => JSON.parse(text) as [string, number, number]);
    expect(messages).toHaveLength(2);
    expect(messages[0]).toMatch(/^\["lux-1", \d{10}(\.\d{1,3})?, \d+(\.\d)?\]$/);
    expect(lines).toEqual(events.map(([id, time, value]) => `('${id}', ${time}, ${value})`));
    // From start to start; the processor may have been busy.
    const [first = 0, second = 0] = events.map(([, time]) => time);
    expect(second - first).toBeCloseTo(2, 0);
  });

  it("climate/main.ts reads sysfs, shows, and obeys (real)", async () => {
    const sys = mkdtempSync(join(tmpdir(), "moteq-sys-"));
    const put = (path: string, text: string) => {
      mkdirSync(dirname(join(sys, path)), { recursive: true });
      writeFileSync(join(sys, path), text);
    };
    put("bus/iio/devices/iio:device0/name", "dht11@4\n");
    put("bus/iio/devices/iio:device0/in_temp_input", "24100\n");
    put("bus/iio/devices/iio:device0/in_humidityrelative_input", "26500\n");
    for (const [file, text] of [
      ["trigger", "none"],
      ["max_brightness", "1"],
      ["brightness", "0"],
    ] as const) {
      put(`class/leds/climate/${file}`, text);
    }
    using tool = createStandIn();
    const port = await freePort();
    const broker = await startEmbeddedBroker({ host: "127.0.0.1", port });
    vi.stubEnv("BROKER", `mqtt://127.0.0.1:${port}`);
    vi.stubEnv("SYS", sys);
    vi.stubEnv("I2CTRANSFER", tool.path);
    const client = connect(`mqtt://127.0.0.1:${port}`);
    const readings: string[] = [];
    await client.subscribe("testincr", { qos: 1 }, ({ payload }) => {
      readings.push(Buffer.from(payload).toString());
    });
    const before = new Set(process.listeners("SIGINT"));
    const ended = run(() => import("../../examples/climate/main.ts"));
    await expect.poll(() => readings[0], { timeout: 5000 }).toBe("t=24.1C, h=26.5%.");
    const brightness = () => readFileSync(join(sys, "class/leds/climate/brightness"), "utf8");
    await expect
      .poll(
        async () => {
          await client.publish("output", "on", { qos: 1 });
          return brightness();
        },
        { timeout: 5000 },
      )
      .toBe("1");
    expect(tool.calls[0]?.slice(0, 3)).toEqual(["-y", "1", "w2@0x3c"]);
    // As Ctrl-C would.
    for (const listener of process.listeners("SIGINT")) if (!before.has(listener)) listener("SIGINT");
    process.removeAllListeners("SIGTERM");
    expect(await ended).toEqual([]);
    expect(tool.calls.at(-1)?.slice(2)).toEqual(["w2@0x3c", "0x0", "0xae"]);
    await client.close();
    await broker.close();
    vi.unstubAllEnvs();
    rmSync(sys, { recursive: true });
  });

  it("virtual-night.ts lets a night pass, the same one each time", async () => {
    const [came, took] = await run(() => import("../../examples/virtual-night.ts"));
    expect(came).toMatch(/^\d+ of 48 readings came through; the first: \["attic", "21.5", false, 0\]$/);
    expect(took).toMatch(/^the last wake took \d+\.\d ms$/);
  });
});
