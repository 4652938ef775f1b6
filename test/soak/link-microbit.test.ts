import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { startEmbeddedBroker } from "../../src/hub/index.ts";
import { connect } from "../../src/node/mqtt.ts";
import { Programs } from "../support/command.ts";
import { have } from "../support/external.ts";
import { haveMicrobitFirmware, startMicrobit } from "../support/microbit.ts";
import { freePort } from "../support/mosquitto.ts";

const script = fileURLToPath(new URL("../../examples/micropython-host/microbit.py", import.meta.url));

describe.runIf(have("qemu-system-arm") && haveMicrobitFirmware)(
  "a micro:bit on a modem's serial line (real)",
  () => {
    it("publishes, subscribes, and survives a restart of the modem", async () => {
      await using programs = new Programs();
      const port = await freePort();
      const url = `mqtt://127.0.0.1:${port}`;
      const broker = await startEmbeddedBroker({ host: "127.0.0.1", port });
      const client = connect(url);
      const results: string[] = [];
      const waiting: { tell?: () => void } = {};
      await client.subscribe("result", { qos: 1 }, ({ payload }) => {
        results.push(Buffer.from(payload).toString());
        waiting.tell?.();
      });
      const until = (count: number) =>
        new Promise<void>((resolve) => {
          waiting.tell = () => {
            if (results.length >= count) resolve();
          };
          waiting.tell();
        });
      const serial = await startMicrobit(programs, script);
      const modem = ["modem", "--wire", `tcp:127.0.0.1:${serial}`, "--broker", url];
      const first = programs.moteq(...modem);
      await until(1);
      await client.publish("count", "70", { qos: 1, retain: true });
      await until(2);
      first.child.kill("SIGKILL");
      await first.exit;
      programs.moteq(...modem);
      await until(4);
      // Its count was set, and set again by the retained message when the next modem subscribed.
      expect(results[0]).toBe("1");
      expect(results.slice(1, 4).every((text) => Number(text) >= 70 && Number(text) <= 73)).toBe(true);
      await client.close();
      await broker.close();
    }, 120_000);
  },
);
