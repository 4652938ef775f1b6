import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { createBridgeWill, Gateway, MemoryStore } from "../../src/gateway/index.ts";
import { startEmbeddedBroker } from "../../src/hub/index.ts";
import { connect } from "../../src/node/mqtt.ts";
import { findProgram, have } from "../support/external.ts";
import { freePort, startMosquitto } from "../support/mosquitto.ts";
import { gatewayAddress } from "./gateway-world.ts";
import { createMicroPythonWorld } from "./world.ts";
import { until } from "../support/until.ts";

interface Broker {
  readonly port: number;
  close(): Promise<void>;
}

const brokers: Record<string, () => Promise<Broker>> = {
  async "moteq's own broker"() {
    const port = await freePort();
    const broker = await startEmbeddedBroker({ host: "127.0.0.1", port });
    return { port, close: () => broker.close() };
  },
  async "Debian's mosquitto"() {
    const broker = await startMosquitto();
    return { port: broker.port, close: () => broker[Symbol.asyncDispose]() };
  },
};

// In the manner of a sleeping sensor with a lamp: it publishes when it wakes, then shows the newest colour.
const script = `
  import json
  from machine import Pin, deepsleep
  from neopixel import NeoPixel
  from common import espnow, gateway, sta

  COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}

  def publish(espnow, topic, msg, retain, qos):
      try:
          espnow.send(gateway, json.dumps([topic, msg, retain, qos]))
      except OSError:
          pass

  publish(espnow, "shed", "hello from the shed", False, 0)
  newest = None
  while True:
      mac, frame = espnow.recv(200)
      if mac is None:
          break
      newest = json.loads(frame)
  if newest:
      pixel = NeoPixel(Pin(40), 1)
      pixel[0] = COLOURS[newest[1]]
      pixel.write()
  espnow.active(False)
  sta.active(False)
  deepsleep(3_000)
`;

describe.runIf(have("mosquitto", "mosquitto_pub", "mosquitto_sub"))(
  "Debian's tools and a MicroPython node (real)",
  () => {
    it.each(Object.entries(brokers))(
      "reach each other through %s",
      async (_name, startBroker) => {
        const broker = await startBroker();
        const at = ["-h", "127.0.0.1", "-p", String(broker.port)];
        await using world = createMicroPythonWorld();
        let gateway: Gateway | undefined = undefined;
        const client = connect(`mqtt://127.0.0.1:${broker.port}`, {
          will: createBridgeWill(),
          onMessage: (message) => gateway?.receive(message),
          onStatus: (status) => gateway?.brokerStatus(status),
        });
        const radio = world.air.join({ address: gatewayAddress, hostLatencyMs: 1 });
        gateway = new Gateway({
          radio,
          client,
          store: new MemoryStore(),
          clock: world.clock,
          config: { classic: "open" },
        });
        await gateway.start();
        await client.ready();

        const subscriber = spawn(findProgram("mosquitto_sub") ?? "", [...at, "-t", "shed", "-C", "1"]);
        let seen = "";
        subscriber.stdout.on("data", (bytes: Buffer) => (seen += bytes.toString()));
        const node = world.run(script);
        while (subscriber.exitCode === null) {
          await world.clock.advance(3500);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        expect(seen).toBe("hello from the shed\n");

        await promisify(execFile)(findProgram("mosquitto_pub") ?? "", [
          ...at,
          "-t",
          "allnodes",
          "-m",
          "red",
          "-q",
          "1",
        ]);
        await until(() => gateway?.report().nodes[0]?.queued === 1);
        await world.clock.advance(3500);
        expect(node.pixels).toEqual([[255, 0, 0]]);

        await world.clock.runUntil(gateway.close());
        await client.close();
        await broker.close();
      },
      30_000,
    );
  },
);
