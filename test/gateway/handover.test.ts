import { describe, expect, it } from "vitest";
import { createSeededRandom, encodeUtf8, randomInteger } from "../../src/base/index.ts";
import type { Radio } from "../../src/device/index.ts";
import { Gateway, type GatewayStore, MemoryStore } from "../../src/gateway/index.ts";
import { NativeNode } from "../../src/mote/index.ts";
import { MqttClient } from "../../src/mqtt/index.ts";
import { Air, VirtualClock, type VirtualRadio } from "../../src/virtual/index.ts";
import { ReferenceBroker } from "../mqtt/reference-broker.ts";
import { gatewayAddress } from "./world.ts";
import { Life } from "./year/life.ts";

const nodeAddress = "020000000001";
/** How long a gateway that was killed is gone, in milliseconds. */
const downMs = 50;

interface HandoverOptions {
  /** At which steps of its life each gateway is killed, one entry a life. A step is each byte run that comes, and each commit twice. */
  readonly kills: readonly number[];
  readonly takesOnRelease?: boolean;
  /** Whether the broker forgets the session with each connection. */
  readonly forgetful?: boolean;
}

/** A node, and gateways that are killed one after the other between it and a broker that keeps to the letter of MQTT. */
class HandoverWorld {
  readonly clock = new VirtualClock();
  readonly store = new MemoryStore();
  readonly broker: ReferenceBroker;
  readonly node: NativeNode;
  /** How many steps the first life had since it was armed. */
  steps = 0;
  gateway!: Gateway;
  republished = 0;
  readonly #kills: number[];
  readonly #random = createSeededRandom(3);
  readonly #radio: VirtualRadio;
  #life!: Life;
  #armed = false;
  #left = Infinity;
  #cut = () => {};

  constructor({ kills, takesOnRelease = false }: HandoverOptions) {
    this.#kills = [...kills];
    this.broker = new ReferenceBroker((bytes, _at, pair) => {
      this.#cut = () => pair.cut();
      // Half of it may come.
      if (this.#step()) return [bytes];
      return this.#step() ? [bytes] : [bytes.slice(0, bytes.length / 2)];
    });
    this.broker.takesOnRelease = takesOnRelease;
    const air = new Air({ clock: this.clock, random: this.#random });
    this.#radio = air.join({ address: gatewayAddress, channel: 6 });
    this.node = new NativeNode({
      radio: air.join({ address: nodeAddress, channel: 6 }),
      clock: this.clock,
      gateway: gatewayAddress,
      randomBytes: this.#randomBytes,
    });
  }

  async begin(forgetful: boolean): Promise<void> {
    await this.#start();
    await this.clock.advance(1000);
    void this.gateway.receive({
      topic: "moteq/bridge/request/join/open",
      payload: encodeUtf8(JSON.stringify({ code: false })),
      retain: false,
    });
    await this.clock.advance(100);
    expect(await this.clock.runUntil(this.node.join())).toBe("joined");
    await this.clock.advance(1000);
    this.broker.forgetful = forgetful;
    this.#armed = true;
    this.#left = this.#kills.shift() ?? Infinity;
  }

  /** Lets the node say everything, and the gateway hand it over. */
  async finish(): Promise<void> {
    for (let attempt = 0; attempt < 100 && this.node.unsettled > 0; attempt++) {
      await this.clock.runUntil(this.node.exchange());
      await this.clock.advance(100);
    }
    await this.clock.advance(120_000);
    this.republished += this.gateway.report().counters.uplinks.republished ?? 0;
  }

  readonly #randomBytes = (length: number) =>
    Uint8Array.from({ length }, () => randomInteger(this.#random, 0, 255));

  /** Counts a step of the present life; `false` if it was the last. */
  #step(): boolean {
    if (!this.#armed || this.#life.isOver) return !this.#life.isOver;
    this.steps++;
    if (--this.#left > 0) return true;
    this.#life.end();
    this.republished += this.gateway.report().counters.uplinks.republished ?? 0;
    this.#left = Infinity;
    void Promise.resolve().then(() => this.#cut());
    this.clock.setTimer(downMs, () => void this.#start());
    return false;
  }

  async #start(): Promise<void> {
    const life = new Life(this.clock);
    this.#life = life;
    if (this.#armed) this.#left = this.#kills.shift() ?? Infinity;
    let gateway: Gateway | undefined = undefined;
    const client = new MqttClient({
      open: () => (life.isOver ? never() : this.broker.open()),
      clock: life.clock,
      random: this.#random,
      clientId: "gateway",
      clean: false,
      backoff: { minimumMs: 10, maximumMs: 100 },
      onMessage: (message) => gateway?.receive(message),
      onStatus: (status) => gateway?.brokerStatus(status),
    });
    gateway = new Gateway({
      radio: this.#radioOf(life),
      client,
      store: this.#storeOf(life),
      clock: life.clock,
      randomBytes: this.#randomBytes,
    });
    this.gateway = gateway;
    await gateway.start();
    client.start();
  }

  #radioOf(life: Life): Radio {
    const radio = this.#radio;
    return {
      address: radio.address,
      channel: radio.channel,
      maximumFrameBytes: radio.maximumFrameBytes,
      listen: (listener) =>
        radio.listen((frame) => {
          if (!life.isOver) listener(frame);
        }),
      send: (to, bytes) => (life.isOver ? never() : radio.send(to, bytes)),
      close: () => Promise.resolve(),
    };
  }

  /** Killed before a commit it is not made; killed after it, nobody hears that it was. */
  #storeOf(life: Life): GatewayStore {
    return {
      open: () => this.store.open(),
      commit: async (changes) => {
        if (life.isOver || !this.#step()) return never();
        await this.store.commit(changes);
        await new Promise<void>((resolve) => this.clock.setTimer(1, resolve));
        return life.isOver || !this.#step() ? never() : undefined;
      },
      readMessages: (address, ids) => this.store.readMessages(address, ids),
      close: () => this.store.close(),
    };
  }
}

/** A process that is gone answers nothing. */
function never(): Promise<never> {
  return new Promise(() => {});
}

/** What came of readings that were handed over through gateways that were killed. The last letter is that of their order. */
async function handOver(options: HandoverOptions) {
  const world = new HandoverWorld(options);
  await world.begin(options.forgetful ?? false);
  world.node.add("shed/a", "at QoS 2: a", { qos: 2 });
  world.node.add("shed/b", "at QoS 1: b", { qos: 1 });
  world.node.add("shed/c", "at QoS 2: c", { qos: 2 });
  await world.clock.runUntil(world.node.exchange());
  world.node.add("shed/d", "at QoS 2: d", { qos: 2 });
  await world.finish();
  const takenAt = (qos: 1 | 2) =>
    world.broker.taken
      .filter((text) => text.startsWith(`at QoS ${qos}: `))
      .map((text) => text.slice(-1))
      .join("");
  const { uplinks } = await world.store.open();
  const { steps, republished } = world;
  return { once: takenAt(2), often: takenAt(1), left: uplinks.length, steps, republished };
}

describe.each([false, true])(
  "readings through a gateway that is killed (taken on release: %s)",
  (takesOnRelease) => {
    it("come once at QoS 2, in order, whatever step was its last", async () => {
      const { steps, ...all } = await handOver({ kills: [], takesOnRelease });
      expect(all).toEqual({ once: "acd", often: "b", left: 0, republished: 0 });
      expect(steps).toBeGreaterThan(30);
      const oftens = new Set<string>();
      for (let step = 1; step <= steps; step++) {
        const { once, often, left, republished } = await handOver({ kills: [step], takesOnRelease });
        expect({ step, once, left, republished }).toEqual({ step, once: "acd", left: 0, republished: 0 });
        oftens.add(often);
      }
      // The kills hit what they are meant to.
      expect(oftens).toEqual(new Set(["b", "bb"]));
    });

    it("come once at QoS 2 although one life after the other is killed", async () => {
      const seed = Number(process.env["MOTEQ_TEST_SEED"] ?? 20_261_121);
      const random = createSeededRandom(seed);
      for (let run = 0; run < 25; run++) {
        const kills = Array.from({ length: 5 }, () => randomInteger(random, 1, 40));
        const { once, left, republished } = await handOver({ kills, takesOnRelease });
        expect({ seed, run, once, left, republished }).toEqual({
          seed,
          run,
          once: "acd",
          left: 0,
          republished: 0,
        });
      }
    });

    it("come at least once where the broker forgets the session, which is counted", async () => {
      const { steps } = await handOver({ kills: [], takesOnRelease, forgetful: true });
      let doubled = 0;
      let counted = 0;
      for (let step = 1; step <= steps; step++) {
        const { once, left, republished } = await handOver({
          kills: [step],
          takesOnRelease,
          forgetful: true,
        });
        expect({ step, once: [...new Set(once)].toSorted().join(""), left }).toEqual({
          step,
          once: "acd",
          left: 0,
        });
        if (once.length > 3) doubled++;
        if (once.length > 3) expect({ step, republished }).not.toEqual({ step, republished: 0 });
        counted += republished;
      }
      expect(doubled).toBeGreaterThan(0);
      expect(counted).toBeGreaterThanOrEqual(doubled);
    });
  },
);
