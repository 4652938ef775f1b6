import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSeededRandom, decodeUtf8, randomInteger, sleep } from "../../src/base/index.ts";
import { NativeNode } from "../../src/mote/index.ts";
import { systemClock, systemRandomBytes, UdpRadio } from "../../src/node/index.ts";
import { connect } from "../../src/node/mqtt.ts";
import { startMosquitto } from "./mosquitto.ts";
import { freeUdpPort, spawnMoteqUp } from "./moteq-up.ts";

/** The latest instant of a kill after the gateway runs, in milliseconds; earlier ones meet it while it takes up what was left. */
const latestMs = 250;
/** How long everything may take to arrive in the end, in milliseconds. */
const settlingMs = 30_000;

/** What came of {@link killGateways}. */
export interface HandoverOutcome {
  /** How many numbers the node has published, from 0 on; the gateway has taken each. */
  readonly published: number;
  /** What a subscriber got, in order. */
  readonly arrived: readonly number[];
}

/**
 * Kills `moteq up` so many times at random instants while a native node publishes numbers at QoS 2 as fast as they are taken, with
 * mosquitto as the broker, and a subscriber whose session is kept.
 */
export async function killGateways(kills: number, seed: number): Promise<HandoverOutcome> {
  const random = createSeededRandom(seed);
  await using broker = await startMosquitto({ persistence: true, config: ["max_inflight_messages 0"] });
  const data = mkdtempSync(join(tmpdir(), "moteq-handover-"));
  const port = await freeUdpPort();
  const words = ["--broker", broker.url, "--radio", `udp:${port}`, "--data", data];
  const settings = { GATEWAY_LIMITS_FRAMES_A_SECOND: "10000" };
  const arrived: number[] = [];
  const subscriber = connect(broker.url, { clientId: "counter", clean: false });
  await subscriber.subscribe("count/#", { qos: 2 }, ({ payload }) => {
    arrived.push(Number(decodeUtf8(payload)));
  });
  const radio = await UdpRadio.open({
    address: "020000000001",
    gateway: { host: "127.0.0.1", port },
    clock: systemClock,
  });
  const node = new NativeNode({
    radio,
    clock: systemClock,
    gateway: "02006d6f7465",
    randomBytes: systemRandomBytes,
  });
  try {
    let gateway = spawnMoteqUp(words, settings);
    await gateway.running();
    while (!node.joined) {
      await subscriber.publish("moteq/bridge/request/join/open", JSON.stringify({ code: false }), { qos: 1 });
      await node.join();
    }
    const running = { load: true };
    let published = 0;
    const load = (async () => {
      while (running.load || node.unsettled > 0) {
        for (let count = randomInteger(random, 1, 4); running.load && count > 0; count--) {
          // Each is the newest of its topic: others would be told as of the past.
          node.add(`count/${published}`, String(published), { qos: 2 });
          published++;
        }
        await node.exchange();
        // What lies about unsettled is enough while nobody answers.
        while (node.unsettled > 8) await node.exchange();
      }
    })();
    for (let kill = 0; kill < kills; kill++) {
      await gateway.running();
      await sleep(systemClock, random.next() * latestMs);
      await gateway.kill();
      gateway = spawnMoteqUp(words, settings);
    }
    await gateway.running();
    running.load = false;
    await load;
    const limit = systemClock.monotonic() + settlingMs;
    while (new Set(arrived).size < published && systemClock.monotonic() < limit) await sleep(systemClock, 20);
    // What comes twice comes late.
    await sleep(systemClock, 200);
    await gateway.end();
    return { published, arrived };
  } finally {
    await Promise.all([subscriber.close(), radio.close()]);
    rmSync(data, { recursive: true, force: true });
  }
}
