import { describe, expect, it } from "vitest";
import { createSeededRandom } from "../../src/base/index.ts";
import { connect, keepIn, type MqttClientOptions } from "../../src/mqtt/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";
import { CrashingDisk } from "./crashing-store.ts";
import { ReferenceBroker } from "./reference-broker.ts";

/** A broker that may be away. Its line breaks, for good, when a packet of the type in `cutAt` is to pass. */
class Place {
  away = false;
  /** The upper half of the packet's first byte. */
  cutAt = 0;
  readonly broker = new ReferenceBroker((bytes, _at, pair) => {
    if (this.cutAt === 0 || bytes[0] === undefined || bytes[0] >> 4 !== this.cutAt) return [bytes];
    this.cutAt = 0;
    this.away = true;
    pair.cut();
    return [];
  });
  readonly open = async () => {
    if (this.away) throw new Error("it is away");
    return this.broker.open();
  };
}

const pubrel = 6;

function setUp() {
  const clock = new VirtualClock();
  const disk = new CrashingDisk(clock);
  const [a, b] = [new Place(), new Place()];
  let lives = 0;
  const live = (options: Partial<MqttClientOptions> = {}) =>
    connect({
      open: [a.open, b.open],
      clock,
      random: createSeededRandom(++lives),
      clientId: "c",
      clean: false,
      backoff: { minimumMs: 10, maximumMs: 10 },
      ...options,
    });
  return { clock, disk, a, b, live };
}

describe("a client of two brokers that each keep its session", () => {
  it("gives a message to the other one from the start when the first is lost behind PUBREC", async () => {
    const { clock, a, b, live } = setUp();
    // The second one knows the client from before.
    a.away = true;
    const before = live();
    await clock.runUntil(before.ready());
    await clock.runUntil(before.close());
    a.away = false;
    const client = live();
    a.cutAt = pubrel;
    await clock.runUntil(client.publish("up", "u", { qos: 2 }));
    expect([a.broker.taken, b.broker.taken]).toEqual([["u"], ["u"]]);
    await clock.runUntil(client.close());
  });

  it("knows after a restart which of them has its messages", async () => {
    const { clock, disk, a, b, live } = setUp();
    await clock.runUntil(live().ready());
    a.away = true;
    const first = live({ keeper: keepIn(disk.open(1)) });
    await clock.runUntil(first.ready());
    b.cutAt = pubrel;
    await clock.runUntil(first.enqueue("up", "u", { qos: 2 }));
    await clock.advance(20);
    expect(b.away).toBe(true);
    disk.crash();
    void first.close();
    a.away = false;
    const second = live({ keeper: keepIn(disk.open(1)) });
    await clock.runUntil(second.flush());
    expect(a.broker.taken).toEqual(["u"]);
    await clock.runUntil(second.close());
  });

  it("takes them for one where it is told so", async () => {
    const { clock, a, live } = setUp();
    const client = live({ sharedSessions: true, open: [a.open, () => a.broker.open()] });
    a.cutAt = pubrel;
    await clock.runUntil(client.publish("up", "u", { qos: 2 }));
    expect([a.away, a.broker.taken]).toEqual([true, ["u"]]);
    await clock.runUntil(client.close());
  });
});
