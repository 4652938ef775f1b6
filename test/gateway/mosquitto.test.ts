import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../src/base/index.ts";
import type { MacAddress, Radio, ReceivedFrame } from "../../src/device/index.ts";
import { createBridgeWill, Gateway, MemoryStore } from "../../src/gateway/index.ts";
import { systemClock } from "../../src/node/index.ts";
import { connect, type MqttVersion } from "../../src/node/mqtt.ts";
import { have } from "../support/external.ts";
import { type Mosquitto, startMosquitto } from "../support/mosquitto.ts";
import { until } from "../support/until.ts";

/** A radio on which everything arrives, for nodes that are nothing but their frames. */
class NearRadio implements Radio {
  readonly address = "02006d6f7465";
  readonly channel = 1;
  readonly maximumFrameBytes = 1470;
  readonly sent: string[] = [];
  #listener: (frame: ReceivedFrame) => void = () => {};

  listen(listener: (frame: ReceivedFrame) => void): void {
    this.#listener = listener;
  }

  async send(destination: MacAddress, bytes: Uint8Array): Promise<boolean> {
    this.sent.push(`${destination.slice(-1)} ${decodeUtf8(bytes)}`);
    return true;
  }

  async close(): Promise<void> {}

  hear(node: number, frame: string): void {
    this.#listener({ source: `02000000aa0${node}`, bytes: encodeUtf8(frame) });
  }
}

async function start(broker: Mosquitto, version: MqttVersion = 4) {
  const radio = new NearRadio();
  let gateway: Gateway | undefined = undefined;
  const client = connect(broker.url, {
    will: createBridgeWill(),
    version,
    backoff: { minimumMs: 20, maximumMs: 100 },
    onMessage: (message) => gateway?.receive(message),
    onStatus: (status) => gateway?.brokerStatus(status),
  });
  const made = new Gateway({
    radio,
    client,
    store: new MemoryStore(),
    clock: systemClock,
    config: { classic: "open" },
  });
  gateway = made;
  await made.start();
  await client.ready();
  const watched: string[] = [];
  const watcher = connect(broker.url, {
    version,
    backoff: { minimumMs: 20, maximumMs: 100 },
    onMessage: ({ topic, payload }) => void watched.push(`${topic}: ${decodeUtf8(payload)}`),
  });
  await watcher.subscribe("seen/#", { qos: 1 }, () => {});
  const close = async () => {
    await made.close();
    await Promise.all([client.close(), watcher.close()]);
  };
  return { radio, client, gateway: made, watcher, watched, [Symbol.asyncDispose]: close };
}

describe.runIf(have("mosquitto"))("a gateway on mosquitto (real)", () => {
  it("keeps its connection whatever topics nodes use", async () => {
    await using broker = await startMosquitto();
    await using world = await start(broker);
    const { radio, client, gateway, watched } = world;
    radio.hear(1, '["ping"]');
    for (const topic of [
      "a\\u0001",
      "\\u007f",
      "\\u0085",
      "\\uffff",
      "\\ud800",
      "a/+",
      "#",
      "$SYS/x",
      "",
      "/".repeat(300),
    ]) {
      radio.hear(1, `["${topic}", "x", false, 1]`);
      radio.hear(1, `["${topic}", 1]`);
    }
    radio.hear(1, '["seen/last", "x", false, 1]');
    await until(() => watched.includes("seen/last: x"));
    expect(client.stats.connections).toBe(1);
    await until(() => gateway.report().waitingUplinks === 0);
  });

  it("delivers by wildcard, and retained messages to each node that subscribes", async () => {
    await using broker = await startMosquitto();
    await using world = await start(broker);
    const { radio, gateway, watcher } = world;
    await watcher.publish("shed/t", "kept", { qos: 1, retain: true });
    for (const node of [1, 2]) radio.hear(node, '["shed/+", 1]');
    await until(() => gateway.report().nodes.every(({ queued }) => queued === 1));
    await watcher.publish("shed/u", "live", { qos: 1 });
    await until(() => gateway.report().nodes.every(({ queued }) => queued === 2));
    for (const node of [1, 2]) radio.hear(node, '["get"]');
    await until(() => radio.sent.length === 4);
    expect(radio.sent.toSorted()).toEqual([
      '1 ["shed/t", "kept", true]',
      '1 ["shed/u", "live", false]',
      '2 ["shed/t", "kept", true]',
      '2 ["shed/u", "live", false]',
    ]);
  });

  it("takes the message expiry of MQTT 5 for the time that a message may wait", async () => {
    await using broker = await startMosquitto();
    await using world = await start(broker, 5);
    const { radio, gateway, watcher } = world;
    radio.hear(1, '["cmd", 1]');
    await until(() => gateway.report().counters.subscriptions.made === 6);
    const properties = { messageExpiryInterval: 1 };
    await watcher.publish("cmd", "soon", { qos: 1, properties });
    await watcher.publish("cmd", "any time", { qos: 1 });
    await until(() => gateway.report().counters.deliveries.expired === 1);
    radio.hear(1, '["get"]');
    await until(() => radio.sent.length === 1);
    expect(radio.sent).toEqual(['1 ["cmd", "any time", false]']);
  });

  it("loses nothing that it accepted when the broker is killed, and keeps its subscriptions", async () => {
    await using broker = await startMosquitto({ persistence: true });
    await using world = await start(broker);
    const { radio, client, gateway, watcher, watched } = world;
    radio.hear(1, '["ping"]');
    radio.hear(1, '["shed/+", 1]');
    radio.hear(1, '["seen/1", "before", false, 1]');
    await until(() => watched.length === 1 && gateway.report().counters.subscriptions.made === 6);
    await broker.kill();
    await until(() => !client.connected);
    radio.hear(1, '["ping"]');
    radio.hear(1, '["late/+", 1]');
    radio.hear(1, '["seen/2", "meanwhile", false, 1]');
    await until(() => radio.sent.length === 4);
    expect(radio.sent.map((line) => line.slice(2))).toEqual(["UP", "ACK", "DOWN", "NAK"]);
    await broker.start();
    await until(() => client.connected && watcher.connected);
    radio.hear(1, '["seen/3", "after", false, 1]');
    await until(() => gateway.report().counters.uplinks.published === 3);
    await until(() => gateway.report().counters.subscriptions.made === 7);
    for (const topic of ["shed/t", "late/t"]) await watcher.publish(topic, "x", { qos: 1 });
    await until(() => gateway.report().nodes[0]?.queued === 2);
  });
});
