import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createSeededRandom, decodeUtf8, encodeUtf8, sleep } from "../../src/base/index.ts";
import { LinkNode } from "../../src/mote/index.ts";
import { systemClock, UdpRadio } from "../../src/node/index.ts";
import { connect } from "../../src/node/mqtt.ts";
import { have } from "../support/external.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { freeUdpPort, spawnMoteqUp } from "../support/moteq-up.ts";

const kills = 200;
const nodes = 4;
/** How many of the kills come while the gateway still starts. */
const shareWhileStarting = 0.4;
/** The latest instant of the others, after it runs, in milliseconds. */
const latestMs = 300;
/** No answer comes later than this, in milliseconds. */
const lateMs = 400;
/** How long everything may take to arrive in the end, in milliseconds. */
const settlingMs = 60_000;

/** The numbers in the order in which each came first. */
function firsts(numbers: readonly number[]): number[] {
  return [...new Set(numbers)];
}

/** One node that publishes as fast as it is answered, and fetches what waits for it. */
class LoadedNode {
  /** What the gateway said it has: the numbers published. */
  readonly accepted: number[] = [];
  /** What it got, with repetitions. */
  readonly got: number[] = [];
  readonly #node: LinkNode;
  readonly #radio: UdpRadio;
  readonly #index: number;

  private constructor(index: number, radio: UdpRadio) {
    this.#index = index;
    this.#radio = radio;
    this.#node = new LinkNode({ radio, clock: systemClock, gateway: "02006d6f7465", queueLimit: 10_000 });
  }

  static async open(index: number, port: number): Promise<LoadedNode> {
    const radio = await UdpRadio.open({
      address: `02000000000${index + 1}`,
      gateway: { host: "127.0.0.1", port },
      clock: systemClock,
    });
    return new LoadedNode(index, radio);
  }

  /** Until the gateway knows what it speaks and listens to. */
  async introduce(): Promise<void> {
    while ((await this.#node.ping()) !== "up") await sleep(systemClock, 20);
    while (!(await this.#node.subscribe(`down/${this.#index}`, { qos: 1 }))) await sleep(systemClock, 20);
  }

  /** Publishes one number until the gateway says that it has it, or `goOn` says no. */
  async publish(number: number, goOn: () => boolean): Promise<void> {
    while (goOn()) {
      const outcome = await this.#node.publish(`up/${this.#index}`, encodeUtf8(String(number)), { qos: 1 });
      if (outcome === "acknowledged" || outcome === "broker-out") {
        this.accepted.push(number);
        return;
      }
      // Answers of this dialect carry no number: one that comes late must not be taken for that of the next question.
      await sleep(systemClock, lateMs);
      while (goOn() && /answer|delivered/.test(await this.#node.ping())) await sleep(systemClock, 10);
    }
  }

  async fetch(): Promise<void> {
    await this.#node.get(({ topic, message }) => {
      if (topic === `down/${this.#index}`) this.got.push(Number(message));
    });
  }

  async close(): Promise<void> {
    await this.#radio.close();
  }
}

describe.runIf(have("mosquitto"))("the gateway killed and restarted under load (real)", () => {
  it(`loses nothing that was acknowledged, either way, over ${kills} kills`, async () => {
    const seed = Number(process.env["MOTEQ_TEST_SEED"] ?? Date.now() & 0xffff);
    console.log(`seed ${seed} (MOTEQ_TEST_SEED replays its instants)`);
    const random = createSeededRandom(seed);
    await using broker = await startMosquitto({
      config: ["max_inflight_messages 0"],
    });
    const data = mkdtempSync(join(tmpdir(), "moteq-soak-"));
    onTestFinished(() => rmSync(data, { recursive: true }));
    const port = await freeUdpPort();
    const words = ["--broker", broker.url, "--radio", `udp:${port}`, "--data", data];
    const settings = {
      GATEWAY_QLEN: "1000000",
      GATEWAY_LIMITS_QUEUE_BYTES: "100000000",
      GATEWAY_LIMITS_FRAMES_A_SECOND: "10000",
    };

    const arrived = Array.from({ length: nodes }, (): number[] => []);
    const other = connect(broker.url, {
      onMessage: ({ topic, payload }) =>
        void arrived[Number(topic.slice(3))]?.push(Number(decodeUtf8(payload))),
    });
    await other.subscribe("up/#", { qos: 1 }, () => {});

    let gateway = spawnMoteqUp(words, settings);
    const motes = await Promise.all(
      Array.from({ length: nodes }, (_item, index) => LoadedNode.open(index, port)),
    );
    const startedAt = systemClock.monotonic();
    await gateway.running();
    const startMs = systemClock.monotonic() - startedAt;
    await Promise.all(motes.map((mote) => mote.introduce()));
    // From here on the broker keeps for the gateway what nodes listen to.
    for (const [index, mote] of motes.entries()) {
      while (mote.got.length === 0) {
        await other.publish(`down/${index}`, "-1", { qos: 1 });
        await mote.fetch();
      }
      mote.got.length = 0;
    }

    const running = { load: true };
    const uplinks = motes.map(async (mote) => {
      for (let number = 0; running.load; number++) {
        await mote.publish(number, () => running.load);
        if (number % 10 === 0) await mote.fetch();
      }
    });
    const sent = motes.map(() => 0);
    const downlinks = motes.map(async (_mote, index) => {
      while (running.load) {
        await other.publish(`down/${index}`, String(sent[index] ?? 0), { qos: 1 });
        sent[index] = (sent[index] ?? 0) + 1;
        await sleep(systemClock, 20);
      }
    });

    let early = 0;
    for (let kill = 0; kill < kills; kill++) {
      const isEarly = random.next() < shareWhileStarting;
      if (isEarly) early++;
      else await gateway.running();
      await sleep(systemClock, random.next() * (isEarly ? startMs : latestMs));
      await gateway.kill();
      expect(gateway.output(), `kill ${kill}`).not.toMatch(/damaged|defect|lost|ERROR/);
      gateway = spawnMoteqUp(words, settings);
    }
    running.load = false;
    await gateway.running();
    await Promise.all([...uplinks, ...downlinks]);

    const isWhole = () =>
      motes.every((mote, index) => {
        const came = new Set(arrived[index]);
        return mote.got.includes((sent[index] ?? 0) - 1) && mote.accepted.every((number) => came.has(number));
      });
    const limit = systemClock.monotonic() + settlingMs;
    while (!isWhole() && systemClock.monotonic() < limit) {
      await Promise.all(motes.map((mote) => mote.fetch()));
    }

    for (const [index, mote] of motes.entries()) {
      const up = firsts(arrived[index] ?? []);
      // One more of the introduction's may have been on its way.
      const down = firsts(mote.got).filter((number) => number >= 0);
      const missing = mote.accepted.filter((number) => !up.includes(number));
      console.log(
        `node ${index}: ${mote.accepted.length} accepted, ${arrived[index]?.length} came; ` +
          `${sent[index]} sent to it, ${mote.got.length} came`,
      );
      expect(missing, `seed ${seed}: accepted from node ${index}, and not at the broker`).toEqual([]);
      expect(up, `seed ${seed}: order from node ${index}`).toEqual(up.toSorted((one, two) => one - two));
      expect(down, `seed ${seed}: to node ${index}`).toEqual(
        Array.from({ length: sent[index] ?? 0 }, (_item, number) => number),
      );
    }
    console.log(
      `${early} of ${kills} were killed while they started, which takes about ${Math.round(startMs)} ms`,
    );
    expect(Math.min(...motes.map((mote) => mote.accepted.length))).toBeGreaterThan(kills / 2);

    await gateway.end();
    await Promise.all([other.close(), ...motes.map((mote) => mote.close())]);
  }, 600_000);
});
