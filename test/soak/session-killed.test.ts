import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { have } from "../support/external.ts";
import { type Mosquitto, startMosquitto } from "../support/mosquitto.ts";
import { firstsOf, killWriters } from "../support/session-kills.ts";

const kills = 20;

async function freeze({ pid }: Mosquitto): Promise<void> {
  if (pid === undefined) return;
  process.kill(pid, "SIGSTOP");
  await delay(200);
  process.kill(pid, "SIGCONT");
}

/** In good order: killed, mosquitto would lose what it has acknowledged in its last second. */
async function restart(broker: Mosquitto): Promise<void> {
  await broker.stop();
  await broker.start();
}

describe.runIf(have("mosquitto"))("a client killed again and again (real)", () => {
  it.each([
    ["frozen", 4, freeze],
    ["frozen", 5, freeze],
    ["restarted", 4, restart],
    ["restarted", 5, restart],
  ] as const)(
    "loses nothing that was accepted while the broker is %s, version %i",
    async (how, version, meddle) => {
      const seed = Number(process.env["MOTEQ_TEST_SEED"] ?? 20_261_121);
      console.log(`seed ${seed} (MOTEQ_TEST_SEED replays it)`);
      await using broker = await startMosquitto({ persistence: true, config: ["max_inflight_messages 0"] });
      const { accepted, arrived } = await killWriters(broker, version, kills, seed, () => meddle(broker));
      const all = new Set([...arrived[1], ...arrived[2]]);
      expect(accepted.length).toBeGreaterThan(500);
      expect(accepted.filter((number) => !all.has(number))).toEqual([]);
      // A restarted mosquitto 2.0.11 delivers some messages at QoS 2 twice, whoever published them.
      if (how === "frozen") expect(firstsOf(arrived[2])).toEqual(arrived[2]);
    },
  );
});
