// One client in a process of its own, for the benchmark `mqtt`: so that processor time and memory are its alone.
import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { connect as connectPeer, type MqttClient as PeerClient } from "mqtt";
import { connect } from "moteq/mqtt";
import { measure, type Run } from "./load.js";

/** Which client. `socket` is none: what its connections alone take. */
export type Who = "ours" | "peer" | "socket";

/** What it is to do. */
export interface Task {
  readonly who: Who;
  readonly what: "publish" | "receive" | "idle";
  readonly url: string;
  readonly qos: 0 | 1;
  readonly count: number;
}

/** What came of it; `rate` of `idle` is nothing, `cpu` its heap for each client, in bytes. */
export type TaskResult = Run;

const payload = Buffer.from("x".repeat(100));
const topic = "bench/mqtt";

const tasks = {
  async publish({ who, url, qos, count }: Task): Promise<Run> {
    if (who === "ours") {
      const client = connect(url, { offlineLimit: 2000 });
      await client.ready();
      return measure(count, (done) => void client.publish(topic, payload, { qos }).finally(done));
    }
    const client = await startPeer(url);
    return measure(count, (done) => void client.publish(topic, payload, { qos }, () => done()));
  },

  async receive({ who, url, qos, count }: Task): Promise<Run> {
    let received = 0;
    let before = { cpu: process.cpuUsage(), at: performance.now() };
    let resolveDone: (() => void) | undefined;
    const done = new Promise<void>((resolve) => (resolveDone = resolve));
    const take = () => {
      if (received++ === 0) before = { cpu: process.cpuUsage(), at: performance.now() };
      if (received === count) resolveDone?.();
    };
    if (who === "ours") await connect(url).subscribe(topic, { qos }, take);
    else {
      const client = await startPeer(url);
      client.on("message", take);
      await client.subscribeAsync(topic, { qos });
    }
    process.send?.("ready");
    await done;
    const { user, system } = process.cpuUsage(before.cpu);
    return { rate: (count / (performance.now() - before.at)) * 1000, cpu: (user + system) / count };
  },

  async idle({ who, url, count }: Task): Promise<Run> {
    const held: unknown[] = [];
    const start = {
      ours: async () => {
        const client = connect(url);
        await client.ready();
        held.push(client);
      },
      peer: async () => void held.push(await startPeer(url)),
      socket: async () => void held.push(await startSocket(url)),
    }[who];
    // The first ones load code.
    for (let index = 0; index < 20; index++) await start();
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < count; index++) await start();
    globalThis.gc?.();
    return { rate: 0, cpu: (process.memoryUsage().heapUsed - before) / count };
  },
};

async function startPeer(url: string): Promise<PeerClient> {
  const client = connectPeer(url);
  await new Promise<void>((resolve) => client.once("connect", () => resolve()));
  return client;
}

async function startSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connectSocket({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, "connect");
  // CONNECT without a name, as short as it gets.
  socket.write(Buffer.from("100c00044d5154540402003c0000", "hex"));
  await once(socket, "data");
  socket.on("data", () => {});
  return socket;
}

process.once("message", async (task: Task) => {
  process.send?.(await tasks[task.what](task));
  process.disconnect();
  // Connections that stand would keep it alive.
  setTimeout(() => process.exit(0), 100);
});
