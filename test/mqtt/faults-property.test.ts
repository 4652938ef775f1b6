import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSeededRandom, decodeUtf8 } from "../../src/base/index.ts";
import { connect, keepIn, type MqttClient, type MqttVersion } from "../../src/mqtt/index.ts";
import { type BytePortPair, VirtualClock } from "../../src/virtual/index.ts";
import { CrashingDisk } from "./crashing-store.ts";
import { ReferenceBroker } from "./reference-broker.ts";

type Step =
  /** So many messages go up, or come down. */
  | { readonly kind: "up" | "down"; readonly qos: 1 | 2; readonly count: number }
  /** Virtual milliseconds pass. */
  | { readonly kind: "wait"; readonly ms: number }
  /** The connection breaks when so many more bytes have come in at this end. */
  | { readonly kind: "cut"; readonly at: "left" | "right"; readonly after: number }
  /** The client's process dies, and another one takes its place. */
  | { readonly kind: "crash" }
  /** The broker saves its state; is killed and comes back with what it saved last; or loses the session. */
  | { readonly kind: "save" | "fallBack" | "lose" };

const qos = fc.constantFrom(1 as const, 2 as const);
const anyStep = (crashes: boolean, brokerFails = false): fc.Arbitrary<Step> =>
  fc.oneof(
    fc.record({
      kind: fc.constantFrom("up" as const, "down" as const),
      qos,
      count: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 12 }) }),
    fc.record({
      kind: fc.constant("cut" as const),
      at: fc.constantFrom("left" as const, "right" as const),
      after: fc.integer({ min: 0, max: 120 }),
    }),
    ...(crashes ? [fc.constant({ kind: "crash" as const })] : []),
    ...(brokerFails
      ? [fc.record({ kind: fc.constantFrom("save" as const, "fallBack" as const, "lose" as const) })]
      : []),
  );

/** A client and a broker that live through what a schedule says. */
class World {
  readonly clock = new VirtualClock();
  readonly broker: ReferenceBroker;
  readonly disk = new CrashingDisk(this.clock);
  /** What was published, and of that what was accepted, in order. */
  readonly published: string[] = [];
  readonly accepted = new Set<string>();
  readonly sentDown: string[] = [];
  /** Of that, what the broker itself lost when it fell back, since it had not saved it. */
  readonly lostDown = new Set<string>();
  #savedDown = 0;
  readonly received: string[] = [];
  readonly #version: MqttVersion;
  readonly #withStore: boolean;
  #cut: { at: "left" | "right"; left: number } | undefined;
  /** The connection that is to break as soon as what came before has been read. */
  #broken: BytePortPair | undefined;
  #client: MqttClient;
  #cutNow: () => void = () => {};

  constructor(version: MqttVersion, withStore: boolean) {
    this.#version = version;
    this.#withStore = withStore;
    this.broker = new ReferenceBroker((bytes, at, pair) => {
      this.#cutNow = () => pair.cut();
      const cut = this.#cut;
      if (this.#broken === pair) return [];
      if (cut?.at !== at) return [bytes];
      cut.left -= bytes.length;
      if (cut.left > 0) return [bytes];
      this.#cut = undefined;
      this.#broken = pair;
      void Promise.resolve().then(() => pair.cut());
      return [bytes.slice(0, bytes.length + cut.left)];
    });
    this.broker.properties = { receiveMaximum: 5, topicAliasMaximum: 3 };
    this.#client = this.#live();
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.kind === "wait") await this.clock.advance(step.ms);
      else if (step.kind === "cut") this.#cut = { at: step.at, left: step.after };
      else if (step.kind === "crash") this.#crash();
      else if ("count" in step) {
        for (let index = 0; index < step.count; index++) this.#exchange(step.kind, step.qos);
      } else this.#fail(step.kind);
    }
    this.#cut = undefined;
    // Everything that still can arrive does.
    await this.clock.advance(60_000);
    await this.clock.runUntil(this.#client.flush());
    await this.clock.advance(1000);
    await this.clock.runUntil(this.#client.close());
  }

  #fail(how: "save" | "fallBack" | "lose"): void {
    this.broker[how]();
    if (how === "save") this.#savedDown = this.sentDown.length;
    if (how === "fallBack") for (const text of this.sentDown.slice(this.#savedDown)) this.lostDown.add(text);
  }

  #exchange(direction: "up" | "down", level: 1 | 2): void {
    if (direction === "down") {
      const text = `d${this.sentDown.length} q${level}`;
      this.sentDown.push(text);
      this.broker.enqueue(text, level);
      return;
    }
    const text = `u${this.published.length} q${level}`;
    this.published.push(text);
    this.#client.enqueue("topic/up", text, { qos: level }).then(
      () => this.accepted.add(text),
      () => {},
    );
  }

  #live(): MqttClient {
    let alive = true;
    const client = connect({
      open: async () => {
        if (!alive) throw new Error("this process is dead");
        return this.broker.open();
      },
      clock: this.clock,
      random: createSeededRandom(1),
      clientId: "c",
      clean: false,
      version: this.#version,
      backoff: { minimumMs: 2, maximumMs: 20 },
      onMessage: ({ payload }) => {
        if (alive) this.received.push(decodeUtf8(payload) ?? "");
      },
      ...(this.#withStore ? { keeper: keepIn(this.disk.open(4)) } : {}),
    });
    this.#kill = () => {
      alive = false;
      this.disk.crash();
      this.#cutNow();
      void client.close();
    };
    return client;
  }

  #kill: () => void = () => {};

  #crash(): void {
    this.#kill();
    this.#client = this.#live();
  }
}

function schedules(crashes: boolean, brokerFails = false): fc.Arbitrary<Step[]> {
  return fc.array(anyStep(crashes, brokerFails), { maxLength: 40 });
}

/** The broker falls back while a message is not released, and gives its id to the next one: at any moment of that. */
const idsThatComeAgain = Array.from({ length: 13 }, (_item, ms): [Step[]] => [
  [
    { kind: "wait", ms: 50 },
    { kind: "save" },
    { kind: "down", qos: 2, count: 1 },
    { kind: "wait", ms },
    { kind: "fallBack" },
    { kind: "down", qos: 2, count: 1 },
  ],
]);

function levelTwo(texts: readonly string[]): string[] {
  return texts.filter((text) => text.endsWith("q2"));
}

describe.each([4, 5] as const)("whatever happens, version %i", (version) => {
  const parameters = { numRuns: Number(process.env["MOTEQ_TEST_RUNS"] ?? 150) };

  it("to the connection: nothing is lost, nothing doubled at QoS 2, and the order is kept", async () => {
    await fc.assert(
      fc.asyncProperty(schedules(false), async (steps) => {
        const world = new World(version, false);
        await world.run(steps);
        const { broker, published, received, sentDown } = world;
        expect([...new Set(broker.taken)]).toEqual(published);
        expect(levelTwo(broker.taken)).toEqual(levelTwo(published));
        expect([...new Set(received)]).toEqual(sentDown);
        expect(levelTwo(received)).toEqual(levelTwo(sentDown));
        if (version === 5) expect(broker.mostInflight).toBeLessThanOrEqual(5);
      }),
      parameters,
    );
  });

  it("to the process and to what the broker knows: nothing is lost", async () => {
    await fc.assert(
      fc.asyncProperty(schedules(true, true), async (steps) => {
        const world = new World(version, true);
        world.broker.save();
        await world.run(steps);
        const { accepted, broker, lostDown, received, sentDown } = world;
        expect([...accepted].filter((text) => !broker.taken.includes(text))).toEqual([]);
        expect(sentDown.filter((text) => !lostDown.has(text) && !received.includes(text))).toEqual([]);
      }),
      { ...parameters, examples: idsThatComeAgain },
    );
  });

  it("to the process, too: with a store the same holds of what was accepted", async () => {
    await fc.assert(
      fc.asyncProperty(schedules(true), async (steps) => {
        const world = new World(version, true);
        await world.run(steps);
        const { accepted, broker, published, received, sentDown } = world;
        const arrived = [...new Set(broker.taken)];
        expect([...accepted].filter((text) => !arrived.includes(text))).toEqual([]);
        expect(arrived).toEqual(published.filter((text) => arrived.includes(text)));
        expect(new Set(levelTwo(broker.taken)).size).toBe(levelTwo(broker.taken).length);
        // What a handler took just before the process died, and nobody could note any more, comes again.
        expect([...new Set(received)]).toEqual(sentDown);
      }),
      parameters,
    );
  });
});
