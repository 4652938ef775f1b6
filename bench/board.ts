import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect, type MqttClient } from "moteq/mqtt";
import { systemClock, systemCryptography } from "moteq/node";
import { openBoard, type RemoteBoard } from "moteq/remote";
import { encodeBoardPacket, splitIntoPackets } from "moteq/wire";
import { startBroker } from "./load.js";
import { type Benchmark, inTurns, type Measurement, summarize } from "./measurement.js";

/** Both ends become quicker while they learn what is called often: medians are of so many that this is behind them. */
const rounds = 31;
const evaluations = 300;
const mebibyte = 1_048_576;
const partBytes = 16_384;
/** What the original program takes for 1 MiB with a board that acknowledges: the best of what was measured, in seconds. */
const originalSeconds = 1.8;
/** The simulated line: 10 Mbit/s, 100 ms there and back. */
const lineBytesPerSecond = 1_250_000;
const lineDelayMs = 50;

/** Files and evaluations on a board, against the bare client and the original program's way. */
export const board: Benchmark = {
  name: "board",
  description:
    "put and eval on a board in a process of its own, against the bare client and the original's way",
  async run(progress) {
    const broker = await startBroker();
    const home = await startBoard(broker.url);
    try {
      const results: Measurement[] = [];
      const near = await open(broker.url);
      progress(`put of 1 MiB, ${rounds} rounds`);
      results.push(...(await comparePut(near)));
      progress(`eval, ${rounds} rounds of ${evaluations}`);
      results.push(await compareEval(near));
      await near.close();
      progress("put of 4 MiB over 10 Mbit/s with 100 ms");
      results.push(await measureLine(broker.url));
      return results;
    } finally {
      await home.end();
      broker.stop();
    }
  },
};

interface Driver {
  readonly client: MqttClient;
  readonly board: RemoteBoard;
  close(): Promise<void>;
}

async function open(url: string): Promise<Driver> {
  const client = connect(url);
  const services = { client, clock: systemClock, cryptography: systemCryptography };
  const driven = await openBoard({ ...services, base: "board/mqb", dialect: "native" });
  return {
    client,
    board: driven,
    async close() {
      await driven.close();
      await client.close();
    },
  };
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return (performance.now() - before) / 1000;
}

async function comparePut({ client, board: driven }: Driver): Promise<Measurement[]> {
  let number = 0;
  const put = () => rate((content) => driven.put(`file${number++ % 2}`, content));
  const streamed = new EventTarget();
  await client.subscribe("bare/streamed", { qos: 1 }, () => void streamed.dispatchEvent(new Event("all")));
  const raw = () => rate((content) => streamRaw(client, "bare/stream", streamed, content));
  const kept = new EventTarget();
  await client.subscribe("bare/kept", { qos: 1 }, () => void kept.dispatchEvent(new Event("all")));
  const rawKept = () => rate((content) => streamRaw(client, "bare/keep", kept, content));
  const original = () => rate((content) => putAsOriginal(client, content));
  await put();
  const { ours, peer } = await inTurns(rounds, put, raw);
  const durable = await inTurns(rounds, put, rawKept);
  const classic = await inTurns(3, put, original);
  const fixed = ours.map(() => mebibyte / 1e6 / originalSeconds);
  return [
    summarize("put of 1 MiB, against the same bytes streamed raw at QoS 1", "MB/s", ours, peer, {
      of: "ratio",
      atLeast: 0.8,
    }),
    summarize(
      "put of 1 MiB, against the same stream, digested and put in place at its end",
      "MB/s",
      durable.ours,
      durable.peer,
    ),
    summarize(
      `put of 1 MiB, against the original program's best (${originalSeconds} s)`,
      "MB/s",
      ours,
      fixed,
      {
        of: "ratio",
        atLeast: 10,
      },
    ),
    summarize(
      "put of 1 MiB, against the original's window in our own client",
      "MB/s",
      classic.ours,
      classic.peer,
    ),
  ];
}

/** How fast a mebibyte goes, in megabytes a second. */
async function rate(work: (content: Uint8Array) => Promise<unknown>): Promise<number> {
  const content = new Uint8Array(randomBytes(mebibyte));
  return mebibyte / 1e6 / (await seconds(() => work(content)));
}

/** The same bytes in the same pieces to the same process, which counts them and says when it has them all. */
async function streamRaw(
  client: MqttClient,
  topic: string,
  streamed: EventTarget,
  content: Uint8Array,
): Promise<void> {
  const arrived = once(streamed, "all");
  for (let offset = 0; offset < content.length; offset += partBytes) {
    void client.publish(topic, content.subarray(offset, offset + partBytes), { qos: 1 });
  }
  await arrived;
}

/** At most 16 messages of 1400 bytes beyond the last acknowledgement, which comes for every eighth. */
async function putAsOriginal(client: MqttClient, content: Uint8Array): Promise<void> {
  const id = randomBytes(6).toString("base64url");
  const state = { acknowledged: -1, isDone: false };
  const news = new EventTarget();
  const subscription = await client.subscribe(`board/mqb/reply/out/${id}`, { qos: 1 }, ({ payload }) => {
    const text = Buffer.from(payload.subarray(2)).toString();
    if (text.startsWith("SEQ ")) state.acknowledged = Number(text.slice(4));
    else state.isDone = true;
    news.dispatchEvent(new Event("news"));
  });
  for (const packet of splitIntoPackets(content, 1400)) {
    while (packet.sequence - state.acknowledged > 16) await once(news, "news");
    void client.publish(`board/mqb/cmd/put/${id}/classic`, encodeBoardPacket(packet), { qos: 1 });
  }
  while (!state.isDone) await once(news, "news");
  await subscription.unsubscribe();
}

async function compareEval({ client, board: driven }: Driver): Promise<Measurement> {
  const answers = new EventTarget();
  await client.subscribe("bare/pong", { qos: 1 }, () => void answers.dispatchEvent(new Event("pong")));
  const bare = async () => {
    const span = await seconds(async () => {
      for (let index = 0; index < evaluations; index++) {
        const answered = once(answers, "pong");
        void client.publish("bare/ping", "2+3", { qos: 1 });
        await answered;
      }
    });
    return (span / evaluations) * 1000;
  };
  const evaluate = async () => {
    const span = await seconds(async () => {
      for (let index = 0; index < evaluations; index++) await driven.evaluate("2+3");
    });
    return (span / evaluations) * 1000;
  };
  await evaluate();
  await bare();
  const { ours, peer } = await inTurns(rounds, evaluate, bare);
  return summarize("eval, against a bare message there and back", "ms", ours, peer, {
    of: "ratio",
    atMost: 2,
  });
}

async function measureLine(url: string): Promise<Measurement> {
  const line = await startLine(Number(new URL(url).port));
  const far = await open(`mqtt://127.0.0.1:${line.port}`);
  const rates: number[] = [];
  for (let round = 0; round < 3; round++) {
    const content = new Uint8Array(randomBytes(4 * mebibyte));
    rates.push(content.length / 1e6 / (await seconds(() => far.board.put("far", content))));
  }
  await far.close();
  line.end();
  const peer = rates.map(() => lineBytesPerSecond / 1e6);
  return summarize("put of 4 MiB over 10 Mbit/s with 100 ms there and back", "MB/s", rates, peer, {
    of: "ratio",
    atLeast: 0.8,
  });
}

/** A line of limited rate and some delay, each way, to a port of this machine. */
async function startLine(port: number): Promise<{ port: number; end(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connectSocket(port, "127.0.0.1");
    for (const [from, to] of [[near, far] as const, [far, near] as const]) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on("error", () => {});
      from.on("close", () => to.destroy());
      let freeAt = 0;
      let order = Promise.resolve();
      from.on("data", (bytes: Buffer) => {
        freeAt = Math.max(freeAt, performance.now()) + (bytes.length / lineBytesPerSecond) * 1000;
        // One after the other: timers of almost the same moment may go off in any order.
        const due = freeAt + lineDelayMs;
        order = order.then(() => delay(due - performance.now())).then(() => void to.write(bytes));
        // What is more than a tenth of a second ahead waits at the sender, as on a real line.
        const aheadMs = freeAt - performance.now();
        if (aheadMs <= 100) return;
        from.pause();
        setTimeout(() => from.resume(), aheadMs - 50);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    end() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** A board in a process of its own, with a module that answers bare messages. */
async function startBoard(url: string): Promise<{ end(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "moteq-bench-board-"));
  writeFileSync(join(folder, "board.yaml"), "board: { data: data, modules: { ./echo.mjs: {} } }\n");
  writeFileSync(
    join(folder, "echo.mjs"),
    `import { createHash } from "node:crypto";
import { open, rename } from "node:fs/promises";
export async function start({ client }) {
  await client.subscribe("bare/ping", { qos: 1 }, ({ payload }) => {
    void client.publish("bare/pong", payload.slice(), { qos: 1 });
  });
  let bytes = 0;
  await client.subscribe("bare/stream", { qos: 1 }, ({ payload }) => {
    bytes += payload.length;
    if (bytes < ${mebibyte}) return;
    bytes = 0;
    void client.publish("bare/streamed", "", { qos: 1 });
  });
  let pieces = [];
  await client.subscribe("bare/keep", { qos: 1 }, async ({ payload }) => {
    if (pieces.push(payload) < ${mebibyte / partBytes}) return;
    const all = Buffer.concat(pieces);
    pieces = [];
    createHash("sha256").update(all).digest();
    const file = await open("kept.part", "w");
    await file.write(all);
    await file.sync();
    await file.close();
    await rename("kept.part", "kept");
    const folder = await open(".", "r");
    await folder.sync();
    await folder.close();
    void client.publish("bare/kept", "", { qos: 1 });
  });
}
`,
  );
  const program = fileURLToPath(new URL("../bin/moteq.js", import.meta.url));
  const words = [program, "board", "run", "--config", "board.yaml", "--broker", url];
  const child: ChildProcess = spawn(process.execPath, words, {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve) => {
    let text = "";
    child.stdout?.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      if (text.includes("echo.mjs has started")) resolve();
    });
  });
  return {
    async end() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
