import { encodeUtf8 } from "moteq/base";
import { Gateway, type GatewayStore, MemoryStore } from "moteq/gateway";
import { connect, type MqttClient } from "moteq/mqtt";
import { systemClock } from "moteq/node";
import { encodeClassicUplink } from "moteq/wire";
import { BareRadio } from "./bare-radio.js";
import { measure, type Run, startBroker, window } from "./load.js";
import { type Benchmark, inTurns, type Measurement, summarize } from "./measurement.js";

/** So many that a run takes about half a second. */
export const messagesAt = { 0: 400_000, 1: 50_000 } as const;
const rounds = 7;
export const nodes = 50;
export const payload = encodeUtf8("x".repeat(100));

/** Frames a second through the gateway, against the same client publishing the same messages directly. */
export const gateway: Benchmark = {
  name: "gateway",
  description:
    "frames a second and processor time through the gateway, against the client publishing directly",
  async run(progress) {
    const broker = await startBroker();
    try {
      const results: Measurement[] = [];
      for (const qos of [0, 1] as const) {
        progress(`QoS ${qos}, ${rounds} rounds of ${messagesAt[qos]} messages`);
        await measureGateway(broker.url, qos);
        const { ours, peer } = await inTurns(
          rounds,
          () => measureGateway(broker.url, qos),
          () => measureDirect(broker.url, qos),
        );
        results.push(
          summarize(
            `frames through the gateway, QoS ${qos}`,
            "1/s",
            ours.map(({ rate }) => rate),
            peer.map(({ rate }) => rate),
            {
              of: "ratio",
              atLeast: 0.8,
            },
          ),
          summarize(
            `processor time of a frame, QoS ${qos}`,
            "µs",
            ours.map(({ cpu }) => cpu),
            peer.map(({ cpu }) => cpu),
            {
              of: "ratio",
              atMost: 3,
            },
          ),
        );
      }
      return results;
    } finally {
      broker.stop();
    }
  },
};

async function measureDirect(url: string, qos: 0 | 1): Promise<Run> {
  const client = connect(url, { offlineLimit: 2 * window });
  await client.ready();
  const run = await measure(messagesAt[qos], (done) => {
    void client.publish("bench/direct", payload, { qos }).finally(done);
  });
  await client.close();
  return run;
}

/** Messages of nodes at a QoS, through a gateway, to a broker. */
export async function measureGateway(
  url: string,
  qos: 0 | 1,
  store: GatewayStore = new MemoryStore(),
): Promise<Run> {
  const radio = new BareRadio();
  const waiting = { finished: nothing };
  const client = connect(url, { offlineLimit: 2 * window });
  await client.ready();
  const gatewayUnderTest = new Gateway({
    radio,
    client: countingLink(client, () => waiting.finished()),
    store,
    clock: systemClock,
    config: {
      classic: "open",
      limits: { frames_a_second: 1_000_000, uplinks: 4 * window },
      status: false,
      errors: false,
    },
  });
  await gatewayUnderTest.start();
  const frame = encodeClassicUplink({
    type: "publish",
    topic: "bench/gateway",
    payload,
    retain: false,
    qos,
    acknowledge: false,
  });
  const poll = encodeClassicUplink({ type: "ping" });
  const sources = Array.from({ length: nodes }, (_, index) => `0200000000${(index + 16).toString(16)}`);
  // Each node shows that it speaks the link dialect, so that every publish is answered.
  for (const source of sources) radio.hear({ source, bytes: poll });
  let next = 0;
  const run = await measure(messagesAt[qos], (done) => {
    waiting.finished = done;
    const source = sources[next++ % nodes] ?? "";
    radio.hear({ source, bytes: frame });
  });
  await gatewayUnderTest.close();
  await client.close();
  return run;
}

function nothing(): void {}

/** The client, with a call when a message of the benchmark has been handed over. */
function countingLink(client: MqttClient, onPublished: () => void) {
  return {
    get connected() {
      return client.connected;
    },
    publish(topic: string, bytes: string | Uint8Array, options?: { qos?: 0 | 1 | 2; retain?: boolean }) {
      const published = client.publish(topic, bytes, options);
      return topic === "bench/gateway" ? published.finally(onPublished) : published;
    },
    ping: client.ping.bind(client),
    subscribe: client.subscribe.bind(client),
  };
}
