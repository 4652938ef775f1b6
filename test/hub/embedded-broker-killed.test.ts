import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { describe, expect, it, onTestFinished } from "vitest";
import { createSeededRandom, randomInteger } from "../../src/base/index.ts";
import { LinkNode } from "../../src/mote/index.ts";
import { systemClock, UdpRadio } from "../../src/node/index.ts";
import { freePort } from "../support/mosquitto.ts";
import { freeUdpPort, startMoteqUp } from "../support/moteq-up.ts";
import { until } from "../support/until.ts";

const rounds = 3;
/** Publications under way at a time. */
const window = 50;

async function joinBroker(url: string, options: IClientOptions = {}) {
  const client = connect(url, { reconnectPeriod: 0, ...options });
  client.on("error", () => {});
  const heard: string[] = [];
  client.on("message", (_topic, payload) => void heard.push(payload.toString()));
  await new Promise<void>((resolve) => client.once("connect", () => resolve()));
  return { client, heard };
}

/** Publishes numbers at QoS 1 until the connection is over; returns what was acknowledged. */
async function publishUntilCut(
  client: MqttClient,
  onAcknowledged: (count: number) => void,
): Promise<number[]> {
  const acknowledged: number[] = [];
  let next = 0;
  let cut = false;
  client.on("close", () => (cut = true));
  const publish = (): void => {
    if (cut) return;
    const number = next++;
    const topic = number % 2 === 0 ? "cmd/even" : "cmd/odd";
    client.publish(topic, String(number), { qos: 1, retain: number % 2 === 0 }, (error) => {
      if (error) return;
      acknowledged.push(number);
      onAcknowledged(acknowledged.length);
      publish();
    });
  };
  for (let count = 0; count < window; count++) publish();
  await new Promise<void>((resolve) => client.on("close", resolve));
  return acknowledged;
}

describe("moteq up with its own broker, killed under load (real)", () => {
  it(`has what it acknowledged, for nodes, sessions and later subscribers, over ${rounds} kills`, async () => {
    const seed = Number(process.env["MOTEQ_TEST_SEED"] ?? Date.now() & 0xffff);
    const random = createSeededRandom(seed);
    for (let round = 0; round < rounds; round++) {
      const context = `MOTEQ_TEST_SEED=${seed}, round ${round}`;
      const data = mkdtempSync(join(tmpdir(), "moteq-killed-"));
      onTestFinished(() => rmSync(data, { recursive: true }));
      const [port, radioPort] = [await freePort(), await freeUdpPort()];
      const words = ["--port", String(port), "--radio", `udp:${radioPort}`, "--data", data];
      const settings = { GATEWAY_QLEN: "100000", GATEWAY_LIMITS_QUEUE_BYTES: "10000000" };
      const url = `mqtt://127.0.0.1:${port}`;
      const first = await startMoteqUp(words, settings);
      const radio = await UdpRadio.open({
        address: "02000000aa01",
        gateway: { host: "127.0.0.1", port: radioPort },
        clock: systemClock,
      });
      const node = new LinkNode({ radio, clock: systemClock, gateway: "02006d6f7465" });
      await node.subscribe("cmd/#");
      const session: IClientOptions = { clientId: "session", clean: false };
      const { client: sleeper } = await joinBroker(url, session);
      await sleeper.subscribeAsync("cmd/#", { qos: 1 });
      await sleeper.endAsync();

      const killAt = randomInteger(random, 1, 300);
      const { client: publisher } = await joinBroker(url);
      const acknowledged = await publishUntilCut(publisher, (count) => {
        if (count === killAt) void first.kill();
      });
      await first.kill();
      expect(acknowledged, context).toEqual(acknowledged.map((_number, index) => index));

      const second = await startMoteqUp(words, settings);
      const got: number[] = [];
      // A node whose acknowledgement was lost gets the same message again.
      const collect = () =>
        node.get(({ message }) => void (got.at(-1) === Number(message) || got.push(Number(message))));
      while (!(await collect()) || got.length < acknowledged.length) {
        if (second.child.exitCode !== null) throw new Error(second.output());
      }
      // What was acknowledged, in order; then perhaps some that were under way, of which the last may have come as retained message.
      expect(got.slice(0, acknowledged.length), context).toEqual(acknowledged);
      expect(got, context).toEqual([...new Set(got)].toSorted((one, two) => one - two));

      const { heard } = await joinBroker(url, session);
      await until(() => heard.length >= acknowledged.length);
      const { client: late, heard: retained } = await joinBroker(url);
      await late.subscribeAsync("cmd/#");
      await until(() => retained.length === 1);
      expect(heard.map(Number), context).toEqual(heard.map((_number, index) => index));
      const lastEven = acknowledged.findLast((number) => number % 2 === 0) ?? 0;
      expect(Number(retained[0]), context).toBeGreaterThanOrEqual(lastEven);

      await second.end();
      expect(second.child.exitCode, second.output()).toBe(0);
      expect(second.output(), context).not.toMatch(/damaged|store|dropped|ERROR/);
      await radio.close();
    }
  });
});
