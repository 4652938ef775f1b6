import { expect, it, onTestFinished } from "vitest";
import { createSeededRandom } from "../../../src/base/index.ts";
import { connect, encodePacket } from "../../../src/mqtt/index.ts";
import { BrokerPersistence } from "../../../src/node/index.ts";
import { createMemoryBroker, createNodeClock } from "../../support/memory-broker.ts";

it("says of a message that it is repeated when it is, and only then", async () => {
  const clock = createNodeClock();
  const broker = await createMemoryBroker({ aedes: { persistence: new BrokerPersistence() } });
  onTestFinished(() => broker[Symbol.asyncDispose]());
  const seen: string[] = [];
  const client = connect({
    open: broker.open,
    clock,
    random: createSeededRandom(1),
    clientId: "c",
    clean: false,
  });
  onTestFinished(() => clock.runUntil(client.close()));
  await clock.runUntil(
    client.subscribe("t/+", { qos: 2 }, ({ topic, duplicate }) => {
      seen.push(`${topic} ${duplicate}`);
      return new Promise(() => {});
    }),
  );
  const publisher = await broker.open({});
  publisher.start({ onData() {}, onWritable() {}, onClose() {} });
  publisher.write(encodePacket({ type: "connect", clientId: "p", clean: true, keepaliveSeconds: 0 }));
  await clock.advance(1);
  for (const qos of [1, 2] as const) {
    const message = { topic: `t/${qos}`, payload: "x", qos, retain: false, packetId: qos };
    // Its publisher repeats it; to the subscriber it is new (MQTT 3.1.1, 3.3.1.1).
    publisher.write(encodePacket({ type: "publish", duplicate: true, ...message }));
  }
  publisher.write(encodePacket({ type: "pubrel", packetId: 2 }));
  await clock.advance(1);
  expect(seen.toSorted()).toEqual(["t/1 false", "t/2 false"]);
  broker.pairs[0]?.cut();
  await clock.advance(1000);
  expect(seen.slice(2)).toEqual(["t/1 true"]);
  expect(client.stats.duplicates).toBe(1);
});
