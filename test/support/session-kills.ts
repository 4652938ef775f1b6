import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createSeededRandom, decodeUtf8, randomInteger } from "../../src/base/index.ts";
import { connect, type MqttVersion } from "../../src/node/mqtt.ts";
import { root } from "../house/imports.ts";
import type { Mosquitto } from "./mosquitto.ts";

/** A program that publishes numbers from `first` on, at QoS 1 and 2 in turns, and says which were accepted. */
function programOf(folder: string, url: string, version: MqttVersion, first: number | undefined): string {
  const options = { clientId: "writer", clean: false, version, backoff: { minimumMs: 20, maximumMs: 100 } };
  const publish = `
    for (let number = ${first}; ; number++) {
      const qos = 1 + (number % 2);
      await client.enqueue("kills/" + qos, String(number), { qos });
      process.stdout.write(number + "\\n");
    }`;
  return `
    import { connect, openSessionStore } from ${JSON.stringify(join(root, "dist/node/mqtt.js"))};
    const store = await openSessionStore({ folder: ${JSON.stringify(folder)} });
    const client = connect(${JSON.stringify(url)}, { ...${JSON.stringify(options)}, store });
    ${first === undefined ? "await client.flush(); await client.close();" : publish}`;
}

/** What came of {@link killWriters}. */
export interface Outcome {
  readonly accepted: readonly number[];
  /** What arrived, by QoS, in order. */
  readonly arrived: Readonly<Record<1 | 2, readonly number[]>>;
}

/**
 * Kills a program that publishes with a store on disk, `kills` times at random moments, starting it anew each time, and
 * lets a last one deliver what is left.
 *
 * @param meddle what else is done to the broker while each one runs
 */
export async function killWriters(
  broker: Mosquitto,
  version: MqttVersion,
  kills: number,
  seed: number,
  meddle: () => Promise<void> = () => Promise.resolve(),
): Promise<Outcome> {
  const random = createSeededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), "moteq-kills-"));
  const accepted: number[] = [];
  const arrived: Record<1 | 2, number[]> = { 1: [], 2: [] };
  const listener = connect(broker.url, {
    clientId: "listener",
    clean: false,
    backoff: { minimumMs: 20, maximumMs: 100 },
  });
  await listener.subscribe("kills/#", { qos: 2 }, ({ topic, payload }) => {
    arrived[topic === "kills/1" ? 1 : 2].push(Number(decodeUtf8(payload)));
  });
  try {
    for (let round = 1; round <= kills; round++) {
      const program = programOf(folder, broker.url, version, round * 1_000_000);
      const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let out = "";
      child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
      const gone = once(child, "close");
      await once(child.stdout, "data");
      await Promise.all([delay(randomInteger(random, 0, 150)), meddle()]);
      child.kill("SIGKILL");
      await gone;
      // The last line may be half a number.
      accepted.push(...out.split("\n").slice(0, -1).map(Number));
    }
    const last = spawn(
      process.execPath,
      ["--input-type=module", "-e", programOf(folder, broker.url, version, undefined)],
      {
        stdio: "inherit",
      },
    );
    await once(last, "close");
    const missing = () => {
      const all = new Set([...arrived[1], ...arrived[2]]);
      return accepted.some((number) => !all.has(number));
    };
    for (const limit = Date.now() + 10_000; missing() && Date.now() < limit;) await delay(20);
    return { accepted, arrived };
  } finally {
    await listener.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first arrival of each, in order. */
export function firstsOf(numbers: readonly number[]): number[] {
  return [...new Set(numbers)];
}
