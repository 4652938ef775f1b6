import { onTestFinished } from "vitest";
import { createSeededRandom, decodeUtf8 } from "../../src/base/index.ts";
import { connect, type Message, type MqttClientOptions, type Status } from "../../src/mqtt/index.ts";
import { createMemoryBroker, createNodeClock, type MemoryBrokerOptions } from "../support/memory-broker.ts";

/** A real broker in memory, virtual time, and clients of it that are closed when the test ends. */
export async function setUp(options: MemoryBrokerOptions = {}) {
  const clock = createNodeClock();
  const broker = await createMemoryBroker(options);
  onTestFinished(() => broker[Symbol.asyncDispose]());
  let clients = 0;
  const join = (clientOptions: Partial<MqttClientOptions> = {}) => {
    const statuses: Status[] = [];
    const client = connect({
      open: broker.open,
      clock,
      random: createSeededRandom(++clients),
      onStatus: (status) => statuses.push(status),
      ...clientOptions,
    });
    onTestFinished(() => clock.runUntil(client.close()));
    return { client, statuses };
  };
  return { clock, broker, join, client: join().client };
}

export function textOf({ topic, payload }: Message): string {
  return `${topic} ${decodeUtf8(payload)}`;
}
