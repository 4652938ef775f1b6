import { onTestFinished } from "vitest";
import { createSeededRandom, decodeUtf8 } from "../../src/base/index.ts";
import { ClimateApplication, type ClimateOptions, createClimateWill } from "../../src/climate/index.ts";
import { connect, type MqttClientOptions } from "../../src/mqtt/index.ts";
import { createClimateDevices } from "../../src/virtual/index.ts";
import { createMemoryBroker, createNodeClock } from "../support/memory-broker.ts";

/** The application on simulated devices and a real broker in memory, in virtual time; and what the broker was told. */
export async function setUp(options: ClimateOptions = {}, client: Partial<MqttClientOptions> = {}) {
  const clock = createNodeClock();
  const broker = await createMemoryBroker();
  const devices = createClimateDevices({ clock, random: createSeededRandom(5) });
  const log: string[] = [];
  const told: { topic: string; text: string; retain: boolean }[] = [];
  broker.aedes.on("publish", ({ topic, payload, retain }, from) => {
    if (from) told.push({ topic, text: payload.toString(), retain });
  });
  let application: ClimateApplication | undefined = undefined;
  const link = connect({
    open: broker.open,
    clock,
    random: createSeededRandom(6),
    clientId: "climate",
    clean: false,
    will: createClimateWill(options),
    onStatus: (status) => application?.brokerStatus(status),
    ...client,
  });
  const { sensor, led, display } = devices;
  application = new ClimateApplication({
    link,
    clock,
    sensor,
    led,
    display,
    options,
    log: (level, text) => log.push(`${level}: ${text}`),
  });
  const running = application;
  const close = async () => {
    await running.close();
    await link.close();
  };
  onTestFinished(async () => {
    await clock.runUntil(close());
    await broker[Symbol.asyncDispose]();
  });
  return {
    clock,
    broker,
    devices,
    log,
    told,
    link,
    application,
    textsOn: (topic: string) => told.filter((message) => message.topic === topic).map(({ text }) => text),
    /** Somebody else publishes. */
    publish: (topic: string, text: string) =>
      new Promise<void>((resolve) =>
        broker.aedes.publish(
          { cmd: "publish", topic, payload: Buffer.from(text), qos: 1, retain: false, dup: false },
          () => resolve(),
        ),
      ),
    /** Cuts the connection and lets nobody in until `comeBack`. */
    goAway: () => {
      broker.isAway = true;
      for (const pair of broker.pairs) pair.cut();
    },
    comeBack: () => void (broker.isAway = false),
    textOf: (bytes: Uint8Array) => decodeUtf8(bytes),
  };
}
