import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { connect } from "moteq/mqtt";
import { startBroker } from "./load.js";
import { type Benchmark, inTurns, type Measurement, median, summarize } from "./measurement.js";
import type { Task, TaskResult } from "./mqtt-client.js";

/** So many that a run takes about half a second. */
const messagesAt = { 0: 300_000, 1: 50_000 } as const;
const rounds = 5;
const idleClients = 200;

/** The client against MQTT.js: processor time and memory of its own process, messages a second. */
export const mqtt: Benchmark = {
  name: "mqtt",
  description: "the MQTT client against MQTT.js, each in a process of its own, with mosquitto",
  async run(progress) {
    const broker = await startBroker();
    try {
      const results: Measurement[] = [];
      for (const what of ["publish", "receive"] as const) {
        for (const qos of [0, 1] as const) {
          const doing = what === "publish" ? "publishing" : "receiving";
          progress(`${doing} at QoS ${qos}, ${rounds} rounds of ${messagesAt[qos]} messages`);
          const task = { what, qos, url: broker.url, count: messagesAt[qos] };
          const { ours, peer } = await inTurns(
            rounds,
            () => perform({ ...task, who: "ours" }),
            () => perform({ ...task, who: "peer" }),
          );
          results.push(
            summarize(
              `processor time of a message, ${doing} at QoS ${qos}`,
              "µs",
              ours.map(({ cpu }) => cpu),
              peer.map(({ cpu }) => cpu),
              { of: "ratio", atMost: 0.333 },
            ),
            summarize(
              `messages, ${doing} at QoS ${qos}`,
              "1/s",
              ours.map(({ rate }) => rate),
              peer.map(({ rate }) => rate),
              { of: "ratio", atLeast: 1 },
            ),
          );
        }
      }
      progress(`heap of ${idleClients} idle clients`);
      results.push(await measureHeap(broker.url));
      return results;
    } finally {
      broker.stop();
    }
  },
};

async function measureHeap(url: string): Promise<Measurement> {
  const heap = async (who: Task["who"]) =>
    (await perform({ who, what: "idle", url, qos: 0, count: idleClients })).cpu;
  const sockets: number[] = [];
  const { ours, peer } = await inTurns(
    5,
    async () => {
      sockets.push(await heap("socket"));
      return heap("ours");
    },
    () => heap("peer"),
  );
  // One process scatters by half of what a socket takes.
  const socket = median(sockets);
  return summarize(
    "heap of an idle client beyond its socket's",
    "bytes",
    ours.map((bytes) => bytes - socket),
    peer.map((bytes) => bytes - socket),
    { of: "ratio", atMost: 0.25 },
  );
}

/** Has a process do it, and, if it receives, sends it what it waits for. */
async function perform(task: Task): Promise<TaskResult> {
  const child = fork(fileURLToPath(new URL("mqtt-client.js", import.meta.url)), [], {
    execArgv: ["--expose-gc"],
  });
  try {
    return await new Promise<TaskResult>((resolve, reject) => {
      child.on("message", (message: TaskResult | "ready") => {
        if (message !== "ready") resolve(message);
        else flood(task).catch(reject);
      });
      child.once("exit", (code) => reject(new Error(`the client's process ended (${code})`)));
      child.send(task);
    });
  } finally {
    child.removeAllListeners("exit");
    child.kill();
  }
}

async function flood({ url, qos, count }: Task): Promise<void> {
  const client = connect(url, { inflightLimit: 100 });
  const payload = new Uint8Array(100).fill(120);
  for (let sent = 0; sent < count;) {
    const batch = Math.min(500, count - sent);
    const publishing = Array.from({ length: batch }, () => client.publish("bench/mqtt", payload, { qos }));
    await Promise.all(publishing);
    sent += batch;
  }
  await client.close();
}
