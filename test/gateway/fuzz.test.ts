import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createSeededRandom, encodeUtf8, type Random, randomInteger } from "../../src/base/index.ts";
import type { MacAddress, Radio, ReceivedFrame } from "../../src/device/index.ts";
import { Gateway, MemoryStore } from "../../src/gateway/index.ts";
import { MqttClient } from "../../src/mqtt/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";
import { WatchedBroker } from "./broker.ts";

const seed = Number(process.env["MOTEQ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const frames = 200_000;
const batch = 500;

/** A radio without an air, since 200,000 frames take minutes to simulate: what is sent arrives or not, by chance. */
class ChanceRadio implements Radio {
  readonly address = "02006d6f7465";
  readonly channel = 1;
  readonly maximumFrameBytes = 250;
  sent = 0;
  readonly #random: Random;
  #listener: (frame: ReceivedFrame) => void = () => {};

  constructor(random: Random) {
    this.#random = random;
  }

  listen(listener: (frame: ReceivedFrame) => void): void {
    this.#listener = listener;
  }

  async send(_destination: MacAddress, bytes: Uint8Array): Promise<boolean> {
    this.sent++;
    if (bytes.length > this.maximumFrameBytes || this.#random.next() < 0.001)
      throw new Error("radio trouble");
    return this.#random.next() < 0.8;
  }

  async close(): Promise<void> {}

  hear(source: MacAddress, bytes: Uint8Array): void {
    this.#listener({ source, bytes, rssi: -50 });
  }
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[randomInteger(random, 0, choices.length - 1)] as T;
}

function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => randomInteger(random, 0, 255));
}

/** A frame as nodes send them. */
function validFrame(random: Random): Uint8Array {
  // What a node publishes to a topic of many nodes is brought to each of them: that is not to be most of the work.
  const topics = ["shed", "attic/light", "long#7.1/3", "long#7.2/3", "long#7.3/3", "büro", "$SYS/x"];
  const topic = random.next() < 0.02 ? "cmd/1" : pick(random, topics);
  const filter = `cmd/${pick(random, ["1", "2", "3", "+", "a/+/b", "#", "+/#x"])}`;
  const retain = random.next() < 0.05;
  return encodeUtf8(
    pick(random, [
      `["${topic}", "${randomInteger(random, 0, 99_999)}", ${retain}, ${pick(random, [0, 0, 1, 2, 4, 5, 6, 3, 7])}]`,
      `["${topic}", ${randomInteger(random, 0, 99_999)}, ${retain}, 0]`,
      `["${filter}", ${pick(random, ["0", "1", "2", "null"])}]`,
      pick(random, ['["get"]', '["ping"]', '["aget"]', '["chan"]', '["foo"]']),
    ]),
  );
}

function mutate(random: Random, frame: Uint8Array): Uint8Array {
  const bytes = frame.slice();
  for (let count = randomInteger(random, 1, 3); count > 0; count--) {
    bytes[randomInteger(random, 0, bytes.length - 1)] = randomInteger(random, 0, 255);
  }
  return bytes.subarray(0, randomInteger(random, 1, bytes.length));
}

function randomFrame(random: Random): Uint8Array {
  const chance = random.next();
  if (chance < 0.2) return randomBytes(random, randomInteger(random, 1, random.next() < 0.1 ? 1470 : 100));
  const frame = validFrame(random);
  return chance < 0.6 ? frame : mutate(random, frame);
}

function randomAddress(random: Random): MacAddress {
  if (random.next() < 0.001) return pick(random, ["ffffffffffff", "02006d6f7465", "", "nonsense"]);
  // A few talk much, many talk little, some more than may be known.
  const many = random.next() < 0.5 ? 20 : 1500;
  return `02${randomInteger(random, 0, many).toString(16).padStart(10, "0")}`;
}

async function settleIo(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

describe(`frames and messages at random (MOTEQ_SEED=${seed})`, () => {
  it(
    `stop nothing: ${frames.toLocaleString("en")} frames are all counted, memory is bounded, nodes are served`,
    { timeout: 300_000 },
    async () => {
      const random = createSeededRandom(seed);
      const clock = new VirtualClock({ settle: settleIo });
      await using broker = await WatchedBroker.start();
      const radio = new ChanceRadio(random);
      const client = new MqttClient({
        open: broker.open,
        clock,
        random,
        onMessage: (message) => {
          messages++;
          void gateway.receive(message);
        },
        onStatus: (status) => gateway.brokerStatus(status),
      });
      const gateway = new Gateway({
        radio,
        client,
        store: new MemoryStore(),
        clock,
        // A million deliveries: told one by one, their fates would be all that is tested here.
        config: { classic: "open", debug: true, fates: false, limits: { reports: 10 } },
      });
      let messages = 0;
      await gateway.start();
      client.start();
      await clock.advance(50);

      let heapBefore = 0;
      for (let heard = 0; heard < frames; heard += batch) {
        for (let count = 0; count < batch; count++) radio.hear(randomAddress(random), randomFrame(random));
        for (let count = 0; count < 5; count++) {
          // A message to all is a thousand deliveries.
          const topics = ["gw_query", "cmd/1", "cmd/2", "cmd/a/x/b", "shed", "gw_status"];
          const topic = random.next() < 0.05 ? "allnodes" : pick(random, topics);
          const payload = randomBytes(random, randomInteger(random, 0, random.next() < 0.02 ? 20_000 : 60));
          await broker.publish(topic, payload, { retain: random.next() < 0.1 });
        }
        // The broker is out for some of the time.
        if (heard % 40_000 === 30_000) broker.cut();
        if (heard % 40_000 === 35_000) broker.restore();
        await clock.advance(randomInteger(random, 5, 200));
        broker.taken.length = 0;
        broker.requests.length = 0;
        if (heard === frames / 2) heapBefore = heapBytes();
      }
      broker.restore();
      await clock.advance(60_000);
      const growth = heapBytes() - heapBefore;

      const { counters, nodes } = gateway.report();
      expect(total(counters.frames)).toBe(frames);
      expect(total(counters.messages)).toBe(messages);
      expect([counters.frames.defect, counters.messages.defect]).toEqual([undefined, undefined]);
      expect(nodes).toHaveLength(1000);
      const {
        queued = 0,
        acknowledged = 0,
        "queue-full": full = 0,
        "too-long": long = 0,
      } = counters.deliveries;
      const waiting = nodes.reduce((sum, node) => sum + node.queued, 0);
      expect(queued).toBe(acknowledged + full + long + waiting);
      expect(growth).toBeLessThan(64 * 1024 * 1024);

      const before = radio.sent;
      radio.hear("020000000001", encodeUtf8('["ping"]'));
      radio.hear("020000000001", encodeUtf8('["alive", "yes", false, 1]'));
      await clock.advance(1000);
      expect(radio.sent).toBeGreaterThanOrEqual(before + 2);
      expect(broker.textsOn("alive")).toEqual(["yes"]);
      await clock.runUntil(gateway.close());
      await clock.runUntil(client.close());
    },
  );
});
