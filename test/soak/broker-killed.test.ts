import { describe, expect, it } from "vitest";
import { createSeededRandom, decodeUtf8, encodeUtf8, sleep } from "../../src/base/index.ts";
import { type BrokerLink, createBridgeWill, Gateway, MemoryStore } from "../../src/gateway/index.ts";
import { LinkNode } from "../../src/mote/index.ts";
import { systemClock } from "../../src/node/index.ts";
import { connect } from "../../src/node/mqtt.ts";
import { Air } from "../../src/virtual/index.ts";
import { have } from "../support/external.ts";
import { startMosquitto } from "../support/mosquitto.ts";

const kills = 20;
const nodes = 4;
/** What the broker acknowledged so shortly before its death it may have lost itself: it saves once a second. */
const brokersOwnLossMs = 1500;

describe.runIf(have("mosquitto"))("mosquitto killed and restarted under load (real)", () => {
  it(`loses nothing that the gateway accepted, over ${kills} kills`, async () => {
    const seed = Number(process.env["MOTEQ_TEST_SEED"] ?? 20_261_120);
    console.log(`seed ${seed} (MOTEQ_TEST_SEED replays it)`);
    const random = createSeededRandom(seed);
    await using broker = await startMosquitto({
      persistence: true,
      config: ["max_inflight_messages 0"],
    });

    const received = new Set<string>();
    const listener = connect(broker.url, {
      clientId: "listener",
      clean: false,
      backoff: { minimumMs: 50, maximumMs: 200 },
      onMessage: ({ payload }) => void received.add(decodeUtf8(payload) ?? ""),
    });
    await listener.subscribe("load/#", { qos: 1 }, () => {});

    let gateway: Gateway | undefined = undefined;
    const client = connect(broker.url, {
      will: createBridgeWill(),
      backoff: { minimumMs: 50, maximumMs: 200 },
      offlineLimit: 5000,
      onMessage: (message) => gateway?.receive(message),
      onStatus: (status) => gateway?.brokerStatus(status),
    });
    const acknowledgedAt = new Map<string, number>();
    const link: BrokerLink = {
      get connected() {
        return client.connected;
      },
      publish: async (topic, payload, options) => {
        await client.publish(topic, payload, options);
        if (topic.startsWith("load/") && typeof payload !== "string") {
          acknowledgedAt.set(decodeUtf8(payload) ?? "", systemClock.monotonic());
        }
      },
      subscribe: (filter, options, handler) => client.subscribe(filter, options, handler),
    };
    const air = new Air({ clock: systemClock, random });
    const radio = air.join({ address: "02006d6f7465", hostLatencyMs: 1, receiveBufferBytes: 16_384 });
    gateway = new Gateway({
      radio,
      client: link,
      store: new MemoryStore(),
      clock: systemClock,
      config: { classic: "open" },
    });
    await gateway.start();

    // Nodes publish as fast as the air takes it, each message until the gateway says that it has it.
    const running = { load: true };
    const accepted = new Set<string>();
    const load = Array.from({ length: nodes }, async (_, index) => {
      const own = air.join({ address: `02000000000${index + 1}`, x: index + 1 });
      const node = new LinkNode({ radio: own, clock: systemClock, gateway: radio.address });
      // The gateway answers publications once it knows what the node speaks.
      while ((await node.ping()) !== "up") await sleep(systemClock, 20);
      for (let count = 0; running.load; count++) {
        const text = `${index}:${count}`;
        for (;;) {
          const outcome = await node.publish(`load/${index}`, encodeUtf8(text), { qos: 1 });
          if (outcome === "acknowledged" || outcome === "broker-out") break;
          await sleep(systemClock, 20);
        }
        accepted.add(text);
      }
      await own.close();
    });

    const killedAt: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      await sleep(systemClock, 500 + random.next() * 1500);
      killedAt.push(systemClock.monotonic());
      await broker.kill();
      await sleep(systemClock, random.next() * 1000);
      await broker.start();
    }
    await sleep(systemClock, 2000);
    running.load = false;
    await Promise.all(load);
    await client.flush();
    await sleep(systemClock, 3000);

    console.log(
      `${accepted.size} accepted, ${acknowledgedAt.size} acknowledged by the broker, ${received.size} seen`,
    );
    expect(accepted.size).toBeGreaterThan(kills * 20);
    expect([...accepted].filter((text) => !acknowledgedAt.has(text))).toEqual([]);
    const lost = [...accepted].filter((text) => !received.has(text));
    const byTheBroker = (text: string) => {
      const at = acknowledgedAt.get(text) ?? 0;
      return killedAt.some((killed) => at <= killed + 100 && at > killed - brokersOwnLossMs);
    };
    console.log(
      `${lost.length} were acknowledged by mosquitto just before it was killed and are its own loss`,
    );
    expect(lost.filter((text) => !byTheBroker(text))).toEqual([]);

    await gateway.close();
    await Promise.all([client.close(), listener.close(), radio.close()]);
  });
});
