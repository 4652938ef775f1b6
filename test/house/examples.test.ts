import { describe, expect, it, vi } from "vitest";
import { startEmbeddedBroker } from "../../src/hub/index.ts";
import { freePort } from "../support/mosquitto.ts";

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

  it("virtual-night.ts lets a night pass, the same one each time", async () => {
    const [came, took] = await run(() => import("../../examples/virtual-night.ts"));
    expect(came).toMatch(/^\d+ of 48 readings came through; the first: \["attic", "21.5", false, 0\]$/);
    expect(took).toMatch(/^the last wake took \d+\.\d ms$/);
  });
});
