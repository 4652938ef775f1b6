import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type BrokerLink, Gateway, type GatewayStore, MemoryStore } from "moteq/gateway";
import { systemClock, ThreadedStore } from "moteq/node";
import { encodeClassicUplink } from "moteq/wire";
import { BareRadio } from "./bare-radio.js";
import { measureGateway, messagesAt, nodes, payload } from "./gateway.js";
import { measure, type Run, startBroker } from "./load.js";
import { type Benchmark, inTurns, type Measurement, summarize } from "./measurement.js";

const rounds = 5;

/** A broker to which everything can be published, and that sends nothing by itself. */
const quietLink: BrokerLink = {
  connected: true,
  publish: () => Promise.resolve(),
  ping: () => Promise.resolve(),
  subscribe: () => new Promise(() => {}),
};

/** What a run took, and how late timers were meanwhile. */
interface Watched extends Run {
  readonly lateMs: number;
  readonly latestMs: number;
}

/** The gateway with its store on disk, against the one in memory. */
export const disk: Benchmark = {
  name: "disk",
  description:
    "messages from and for nodes with the store on disk, and whether the event loop goes on turning",
  async run(progress) {
    const broker = await startBroker();
    try {
      progress(`messages from nodes, ${rounds} rounds`);
      const up = await compare((store) => measureGateway(broker.url, 1, store));
      progress(`messages for nodes, ${rounds} rounds`);
      const down = await compare(measureDownlink);
      return [...summarizeBoth("from nodes, QoS 1", up), ...summarizeBoth("for sleeping nodes", down)];
    } finally {
      broker.stop();
    }
  },
};

interface Compared {
  readonly ours: Watched[];
  readonly peer: Watched[];
}

async function compare(run: (store: GatewayStore) => Promise<Run>): Promise<Compared> {
  return inTurns(
    rounds,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "moteq-bench-"));
      try {
        return await watch(() => run(new ThreadedStore({ folder })));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    () => watch(() => run(new MemoryStore())),
  );
}

function summarizeBoth(title: string, { ours, peer }: Compared): Measurement[] {
  const row = (name: string, unit: string, of: (watched: Watched) => number) =>
    summarize(
      `${name}, ${title}`,
      unit,
      ours.map((watched) => of(watched)),
      peer.map((watched) => of(watched)),
    );
  return [
    row("messages with the store on disk", "1/s", ({ rate }) => rate),
    row("processor time of a message", "µs", ({ cpu }) => cpu),
    row("event loop late, 99 times in 100 less than", "ms", ({ lateMs }) => lateMs),
    row("event loop late, at the most", "ms", ({ latestMs }) => latestMs),
  ];
}

async function watch(work: () => Promise<Run>): Promise<Watched> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const run = await work();
  delay.disable();
  return { ...run, lateMs: delay.percentile(99) / 1e6, latestMs: delay.max / 1e6 };
}

/** Messages for nodes that sleep: each is done when the broker may hear that it was taken. */
async function measureDownlink(store: GatewayStore): Promise<Run> {
  const radio = new BareRadio();
  const gateway = new Gateway({
    radio,
    client: quietLink,
    store,
    clock: systemClock,
    config: {
      classic: "open",
      qlen: 1_000_000,
      limits: { queue_bytes: 1_000_000_000 },
      status: false,
      errors: false,
    },
  });
  await gateway.start();
  for (let index = 0; index < nodes; index++) {
    const source = `0200000000${(index + 16).toString(16)}`;
    radio.hear({ source, bytes: encodeClassicUplink({ type: "subscribe", topic: `node/${index}`, qos: 1 }) });
  }
  let next = 0;
  const run = await measure(messagesAt[1], (whenTaken) => {
    const message = { topic: `node/${next++ % nodes}`, payload, retain: false };
    void Promise.resolve(gateway.receive(message)).finally(whenTaken);
  });
  await gateway.close();
  return run;
}
