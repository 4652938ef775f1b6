import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeUtf8 } from "moteq/base";
import type { Radio, ReceivedFrame } from "moteq/device";
import { Gateway, MemoryStore } from "moteq/gateway";
import { connect, type MqttClient } from "moteq/mqtt";
import { systemClock } from "moteq/node";
import { encodeClassicUplink } from "moteq/wire";
import { type Benchmark, inTurns, type Measurement, summarize } from "./measurement.js";

/** So many that a run takes about half a second. */
const messagesAt = { 0: 400_000, 1: 50_000 } as const;
const rounds = 7;
const nodes = 50;
const window = 500;
const payload = encodeUtf8("x".repeat(100));

interface Run {
  /** Messages a second. */
  readonly rate: number;
  /** Processor time of this process for a message, in microseconds. */
  readonly cpu: number;
}

/** A radio without an air: frames come as fast as the gateway takes them, answers are acknowledged at once. */
class BareRadio implements Radio {
  readonly address = "02006d6f7465";
  readonly channel = 1;
  readonly maximumFrameBytes = 250;
  hear: (frame: ReceivedFrame) => void = () => {};

  listen(listener: (frame: ReceivedFrame) => void): void {
    this.hear = listener;
  }

  send(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

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

async function measureGateway(url: string, qos: 0 | 1): Promise<Run> {
  const radio = new BareRadio();
  const waiting = { finished: nothing };
  const client = connect(url, { offlineLimit: 2 * window });
  await client.ready();
  const gatewayUnderTest = new Gateway({
    radio,
    client: countingLink(client, () => waiting.finished()),
    store: new MemoryStore(),
    clock: systemClock,
    config: { limits: { frames_a_second: 1_000_000, uplinks: 4 * window }, status: false, errors: false },
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
    subscribe: client.subscribe.bind(client),
  };
}

/** Starts work so that `window` pieces are under way at any time, and measures all of it. */
async function measure(messages: number, start: (done: () => void) => void): Promise<Run> {
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  await new Promise<void>((resolve) => {
    let begun = 0;
    let ended = 0;
    const done = () => {
      ended++;
      if (ended === messages) resolve();
      else if (begun - ended <= window / 2) fill();
    };
    const fill = () => {
      while (begun < messages && begun - ended < window) {
        begun++;
        start(done);
      }
    };
    fill();
  });
  const seconds = (performance.now() - before) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { rate: messages / seconds, cpu: (user + system) / messages };
}

/** mosquitto in a process of its own, on a free port of loopback. */
async function startBroker(): Promise<{ url: string; stop: () => void }> {
  const program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"].find((path) =>
    existsSync(path),
  );
  if (!program) throw new Error("this benchmark needs mosquitto (Debian: apt-get install mosquitto)");
  const port = await findPort();
  const folder = mkdtempSync(join(tmpdir(), "moteq-bench-"));
  const config = join(folder, "mosquitto.conf");
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\n`,
  );
  const child = spawn(program, ["-c", config], { stdio: "ignore" });
  const client = connect(`mqtt://127.0.0.1:${port}`);
  await client.ready(AbortSignal.timeout(10_000));
  await client.close();
  return { url: `mqtt://127.0.0.1:${port}`, stop: () => stop(child, folder) };
}

function stop(child: ChildProcess, folder: string): void {
  child.kill();
  rmSync(folder, { recursive: true, force: true });
}

async function findPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
