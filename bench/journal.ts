import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeUtf8 } from "moteq/base";
import { type BrokerLink, Gateway, type StoreChange } from "moteq/gateway";
import { systemClock, ThreadedStore } from "moteq/node";
import { encodeClassicUplink } from "moteq/wire";
import { BareRadio } from "./bare-radio.js";
import { type Benchmark, type Measurement, summarize } from "./measurement.js";

const nodes = 100_000;
const messagesEach = 10;
/** Changes in one commit while the journal is filled. */
const batch = 20_000;
const payload = encodeUtf8("x".repeat(30));

/** A broker that is never there. */
const awayLink: BrokerLink = {
  connected: false,
  publish: () => new Promise(() => {}),
  ping: () => new Promise(() => {}),
  subscribe: () => new Promise(() => {}),
};

/** What a gateway with very many sleeping nodes needs to start, and in memory. */
export const journal: Benchmark = {
  name: "journal",
  description: "start and memory of a gateway with 100,000 sleeping nodes and 1,000,000 messages queued",
  async run(progress) {
    const folder = mkdtempSync(join(tmpdir(), "moteq-bench-"));
    try {
      progress(`${nodes} nodes with ${messagesEach} messages each are written`);
      const written = await fill(folder);
      const starts: Restart[] = [];
      for (let round = 0; round < 3; round++) {
        progress(`restart ${round + 1} of 3`);
        starts.push(await restart(folder));
      }
      return [
        summarize("messages into the journal, 20,000 changes a commit", "1/s", [written]),
        summarize(
          "restart until the first frame is answered",
          "s",
          starts.map(({ seconds }) => seconds),
          undefined,
          { of: "ours", atMost: 5 },
        ),
        summarize(
          "longest time that the event loop stands still meanwhile",
          "ms",
          starts.map(({ longestMs }) => longestMs),
        ),
        summarize(
          "memory of a sleeping node with ten messages",
          "byte",
          starts.map(({ bytesEach }) => bytesEach),
          undefined,
          { of: "ours", atMost: 1024 },
        ),
      ] satisfies Measurement[];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function addressOf(index: number): string {
  return (0x02_00_00_00_00_00 + index).toString(16).padStart(12, "0");
}

/** Returns messages a second. */
async function fill(folder: string): Promise<number> {
  const store = new ThreadedStore({ folder });
  await store.open();
  const before = performance.now();
  let changes: StoreChange[] = [];
  const commit = async () => {
    await store.commit(changes);
    changes = [];
  };
  for (let index = 0; index < nodes; index++) {
    const address = addressOf(index);
    changes.push({
      type: "node",
      record: { address, dialect: "link", subscriptions: [[`node/${index}/set`, 1]] },
    });
    for (let id = 0; id < messagesEach; id++) {
      const message = {
        id,
        topic: `node/${index}/set`,
        payload,
        retained: false,
        queuedAt: Date.now(),
        priority: 4,
        expiresAt: undefined,
        latest: false,
        transaction: undefined,
      };
      changes.push({ type: "enqueue", address, message });
    }
    if (changes.length >= batch) await commit();
  }
  await commit();
  const seconds = (performance.now() - before) / 1000;
  await store.close();
  return (nodes * messagesEach) / seconds;
}

interface Restart {
  readonly seconds: number;
  readonly longestMs: number;
  readonly bytesEach: number;
}

async function restart(folder: string): Promise<Restart> {
  const memoryBefore = memoryInUse();
  const stillness = watchStillness();
  const before = performance.now();
  const radio = new BareRadio();
  const gateway = new Gateway({
    radio,
    client: awayLink,
    store: new ThreadedStore({ folder }),
    clock: systemClock,
    config: { classic: "open", limits: { nodes: 1_000_000 } },
  });
  await gateway.start();
  const answered = new Promise<void>((resolve) => (radio.onSend = () => resolve()));
  radio.hear({ source: addressOf(nodes - 1), bytes: encodeClassicUplink({ type: "ping" }) });
  await answered;
  const seconds = (performance.now() - before) / 1000;
  const longestMs = stillness();
  // What was only needed to start is garbage by then.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const bytesEach = (memoryInUse() - memoryBefore) / nodes;
  await gateway.close();
  return { seconds, longestMs, bytesEach };
}

function memoryInUse(): number {
  // Twice: what stands outside the heap is let go only after what held it there.
  for (let time = 0; time < 2; time++) (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The longest time between two turns of the event loop until the returned function is called, in milliseconds. */
function watchStillness(): () => number {
  let longest = 0;
  let last = performance.now();
  const note = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(note, 1);
  return () => {
    note();
    clearInterval(timer);
    return longest;
  };
}
