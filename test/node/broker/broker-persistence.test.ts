import assert from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { createSeededRandom, randomInteger } from "../../../src/base/index.ts";
import { BrokerPersistence, storeErrors } from "../../../src/node/index.ts";

type NodeTest = (name: string, body: (context: unknown) => Promise<void>) => void;
type AbstractSuite = (options: {
  test: NodeTest;
  persistence: () => BrokerPersistence;
  testAsync: true;
}) => void;

/** aedes' own tests of what a persistence must do, written for node:test. */
const describeAedesPersistence = createRequire(import.meta.url)(
  "aedes-persistence/abstract.js",
) as AbstractSuite;

const test: NodeTest = (name, body) => it(name, () => body({ assert, plan: () => {}, diagnostic: () => {} }));

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "moteq-broker-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "broker");
}

function open(folder: string, say: (text: string) => void = () => {}): BrokerPersistence {
  return new BrokerPersistence({ folder, say });
}

function createBroker(): unknown {
  return { id: "broker", counter: 0 };
}

/** What asks, in such a persistence: each begins with a restart. */
const questions = new Set([
  "createRetainedStream",
  "createRetainedStreamCombi",
  "outgoingStream",
  "streamWill",
  "getClientList",
  "subscriptionsByClient",
  "subscriptionsByTopic",
  "countOffline",
  "outgoingClearMessageId",
  "incomingGetPacket",
  "getWill",
]);

/** A persistence that is closed and read from its files again before it answers anything. */
function createForgetful(): BrokerPersistence {
  const folder = makeFolder();
  let current = open(folder);
  let broker: unknown;
  const restart = async () => {
    await current.destroy();
    current = open(folder);
    await current.setup(broker);
  };
  const call = (name: string, words: unknown[]): unknown =>
    (current[name as keyof BrokerPersistence] as (...words: unknown[]) => unknown)(...words);
  return new Proxy(current, {
    get(_target, name: string) {
      if (name === "broker") return broker;
      // It is awaited, and no promise.
      if (name === "then") return undefined;
      if (name === "setup") {
        return async (given: unknown) => {
          broker = given;
          await current.setup(given);
        };
      }
      if (!questions.has(name)) return (...words: unknown[]) => call(name, words);
      if (!/Stream|List|Will$/.test(name) || name === "getWill") {
        return async (...words: unknown[]) => {
          await restart();
          return call(name, words);
        };
      }
      return (...words: unknown[]) =>
        Readable.from(
          (async function* () {
            await restart();
            yield* call(name, words) as Readable;
          })(),
        );
    },
  });
}

describe("BrokerPersistence in memory", () => {
  describeAedesPersistence({ test, persistence: () => new BrokerPersistence(), testAsync: true });
});

describe("BrokerPersistence on disk (real)", () => {
  describeAedesPersistence({ test, persistence: () => open(makeFolder()), testAsync: true });
});

describe("BrokerPersistence that is restarted before each question (real)", () => {
  describeAedesPersistence({ test, persistence: () => createForgetful(), testAsync: true });
});

describe("BrokerPersistence (real)", () => {
  const subscription = { topic: "t", qos: 1 } as const;

  it("opens whatever bytes of its file are damaged, says so, and gives no altered message", async () => {
    const seed = Number(process.env["MOTEQ_SEED"] ?? Date.now() & 0xffff);
    const random = createSeededRandom(seed);
    let damages = 0;
    for (let round = 0; round < 15; round++) {
      const folder = makeFolder();
      const first = open(folder);
      await first.setup(createBroker());
      for (let count = 0; count < 100; count++) {
        const payload = Buffer.alloc(100, count);
        await first.storeRetained({ cmd: "publish", topic: `t/${count}`, payload, qos: 0, retain: true });
      }
      await first.destroy();
      const file = join(folder, "broker.db");
      const bytes = readFileSync(file);
      for (let hit = 0; hit < 5; hit++) {
        const at = randomInteger(random, 0, bytes.length - 1);
        // There stands the version of the tables: a file of another one would be left alone.
        if (at === 63) continue;
        bytes[at] = (bytes[at] ?? 0) ^ randomInteger(random, 1, 255);
      }
      writeFileSync(file, bytes);
      const said: string[] = [];
      const second = open(folder, (text) => said.push(text));
      await second.setup(createBroker());
      const found = (await second.createRetainedStream("#").toArray()) as {
        topic: string;
        payload: Buffer;
      }[];
      const context = `MOTEQ_SEED=${seed}, round ${round}, ${said.join("; ")}`;
      for (const { topic, payload } of found) {
        expect([...payload], context).toEqual([...Buffer.alloc(100, Number(topic.slice(2)))]);
      }
      if (found.length < 100) {
        damages++;
        expect(said.length, context).toBeGreaterThan(0);
      }
      await second.storeRetained({
        cmd: "publish",
        topic: "t/0",
        payload: Buffer.alloc(100),
        qos: 0,
        retain: true,
      });
      await second.destroy();
    }
    expect(damages, `MOTEQ_SEED=${seed}`).toBeGreaterThan(0);
  });

  it("says whose the folder is when another one has it", async () => {
    const folder = makeFolder();
    const first = open(folder);
    await first.setup(createBroker());
    await expect(open(folder).setup(createBroker())).rejects.toSatisfy((error) =>
      storeErrors.is(error, "store/in-use"),
    );
    await first.destroy();
  });

  it("keeps a message before it is published, once for each session and not for one that has it", async () => {
    const folder = makeFolder();
    const first = open(folder);
    await first.setup(createBroker());
    for (const id of ["one", "two"]) {
      await first.addSubscriptions({ id }, [subscription, { topic: "+", qos: 2 }]);
    }
    const packet = { cmd: "publish", topic: "t", payload: Buffer.from("x"), qos: 1, retain: true } as const;
    await first.keep(packet, "two");
    // What aedes does afterwards.
    await first.outgoingEnqueueCombi(await first.subscriptionsByTopic("t"), {
      ...packet,
      brokerId: "broker",
      brokerCounter: 9,
    });
    await first.destroy();
    const second = open(folder);
    await second.setup(createBroker());
    const texts = async (id: string) =>
      ((await second.outgoingStream({ id }).toArray()) as { payload: Buffer; retain: boolean }[]).map(
        ({ payload, retain }) => `${payload.toString()} ${retain}`,
      );
    expect([await texts("one"), await texts("two")]).toEqual([["x false"], []]);
    expect(await second.createRetainedStream("t").toArray()).toHaveLength(1);
    await second.destroy();
  });

  it("drops what is too much for one session, and says so once", async () => {
    const said: string[] = [];
    const persistence = new BrokerPersistence({ say: (text) => said.push(text) });
    await persistence.setup(createBroker());
    await persistence.addSubscriptions({ id: "slow" }, [subscription]);
    for (let count = 0; count < 1010; count++) {
      await persistence.keep({ cmd: "publish", topic: "t", payload: Buffer.from(String(count)), qos: 1 });
    }
    const kept = (await persistence.outgoingStream({ id: "slow" }).toArray()) as { payload: Buffer }[];
    expect([kept.length, kept.at(-1)?.payload.toString()]).toEqual([1000, "999"]);
    expect(said).toEqual(["messages for the client slow are dropped: 1000 wait for it"]);
  });
});
