import { describe, expect, it } from "vitest";
import { createSeededRandom } from "../../src/base/index.ts";
import {
  Air,
  type AirEvent,
  type Faults,
  VirtualClock,
  type VirtualRadioOptions,
} from "../../src/virtual/index.ts";

const frame = (length = 20) => new Uint8Array(length).fill(7);

/** A gateway and a node on one air; `heard` is what the gateway's program got, with its time. */
function createWorld(
  node: Partial<VirtualRadioOptions> = {},
  gateway: Partial<VirtualRadioOptions> = {},
  faults: Faults = {},
) {
  const clock = new VirtualClock();
  const air = new Air({ clock, random: createSeededRandom(5), faults });
  const left = air.join({ address: "020000000001", x: 10, ...node });
  const right = air.join({ address: "020000000002", receiveBufferBytes: 100_000, ...gateway });
  const heard: { atMs: number; length: number; rssi: number | undefined }[] = [];
  right.listen(({ bytes, rssi }) => heard.push({ atMs: clock.monotonic(), length: bytes.length, rssi }));
  const send = (bytes = frame()) => clock.runUntil(left.send(right.address, bytes));
  return { clock, air, left, right, heard, send };
}

describe("the air", () => {
  it.each([
    ["within range", { x: 100 }, {}, true],
    ["out of range", { x: 101 }, {}, false],
    ["on another channel", { channel: 2 }, { channel: 1 }, false],
    ["on the same channel", { channel: 11 }, { channel: 11 }, true],
  ])("carries a frame %s as far as it goes", async (_what, node, gateway, expected) => {
    const { heard, send } = createWorld(node, gateway);
    expect(await send()).toBe(expected);
    expect(heard).toHaveLength(expected ? 1 : 0);
  });

  it("does not reach a radio that sleeps, and lets none send that does", async () => {
    const { left, right, heard, send } = createWorld();
    right.sleep();
    expect(await send()).toBe(false);
    right.wake();
    expect(await send()).toBe(true);
    left.sleep();
    expect(await send()).toBe(false);
    expect([heard.length, left.account().refused]).toEqual([1, 1]);
  });

  it("takes as long as 802.11 does at 1 Mbit/s", async () => {
    const { clock, heard, send } = createWorld();
    await send(frame(20));
    // Preamble 192 µs, 43 bytes around 20 at 8 µs; then 10 µs, a preamble and 14 bytes for the acknowledgement.
    expect(heard[0]?.atMs).toBeCloseTo(0.192 + 63 * 0.008, 9);
    expect(clock.monotonic()).toBeCloseTo(0.192 + 63 * 0.008 + 0.01 + 0.192 + 14 * 0.008, 9);
  });

  it("has one frame at a time on a channel, and two on two", async () => {
    const { clock, air, left, right, heard } = createWorld();
    const other = air.join({ address: "020000000003", x: 5 });
    await clock.runUntil(
      Promise.all([left.send(right.address, frame()), other.send(right.address, frame())]),
    );
    const [first, second] = heard;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(1);
    await Promise.all([left.setChannel(6), right.setChannel(6)]);
    const third = air.join({ address: "020000000004", channel: 11 });
    const before = clock.monotonic();
    await clock.runUntil(
      Promise.all([left.send(right.address, frame()), third.send("0200000000ff", frame())]),
    );
    expect((heard[2]?.atMs ?? 0) - before).toBeCloseTo(0.696, 9);
  });

  it("loses frames as often as it is told to", async () => {
    const { heard, send } = createWorld({ faults: { loss: 0.2 } });
    const count = 5000;
    let delivered = 0;
    for (let index = 0; index < count; index++) if (await send()) delivered++;
    expect(delivered).toBe(heard.length);
    expect(Math.abs(heard.length / count - 0.8)).toBeLessThan(0.02);
  });

  it("doubles and delays frames", async () => {
    const { clock, heard, send } = createWorld({ faults: { duplicate: 1, delayMs: 40 } });
    expect(await send()).toBe(true);
    await clock.advance(100);
    expect(heard).toHaveLength(2);
    expect(heard[0]?.atMs).toBeGreaterThan(40);
  });

  it("lies both ways: the frame arrived and it says no, or the buffer was full and it says yes", async () => {
    const lost = createWorld({ faults: { acknowledgementLoss: 1 } });
    expect(await lost.send()).toBe(false);
    expect([lost.heard.length, lost.left.account().lied]).toEqual([1, 1]);

    const clock = new VirtualClock();
    const air = new Air({ clock, random: createSeededRandom(1) });
    const sender = air.join({ address: "020000000001" });
    const busy = air.join({ address: "020000000002", receiveBufferBytes: 30, hostLatencyMs: 50 });
    let taken = 0;
    busy.listen(() => taken++);
    const outcomes = [];
    for (let index = 0; index < 5; index++)
      outcomes.push(await clock.runUntil(sender.send(busy.address, frame())));
    await clock.advance(1000);
    expect(outcomes).toEqual([true, true, true, true, true]);
    expect([taken, busy.account().dropped]).toEqual([1, 4]);
  });

  it("brings a broadcast to all in range, without acknowledgement", async () => {
    const { clock, air, left, heard } = createWorld();
    const far = air.join({ address: "020000000003", x: 500 });
    let reached = 0;
    far.listen(() => reached++);
    expect(await clock.runUntil(left.send("ffffffffffff", frame()))).toBe(true);
    await clock.advance(10);
    expect([heard.length, reached]).toEqual([1, 0]);
  });

  it("can be intercepted: a frame dropped, altered, doubled on purpose", async () => {
    const { clock, air, heard, send } = createWorld();
    const release = air.intercept(() => {});
    expect(await send()).toBe(false);
    release();
    air.intercept((one, next) => {
      next({ ...one, bytes: frame(3) });
      next();
    });
    await send();
    await clock.advance(10);
    expect(heard.map(({ length }) => length)).toEqual([3, 20]);
  });

  it("grows fainter with distance", async () => {
    const { left, heard, send } = createWorld();
    for (const x of [1, 10, 90]) {
      left.moveTo(x, 0);
      await send();
    }
    const strengths = heard.map(({ rssi }) => rssi ?? 0);
    expect(strengths).toEqual(strengths.toSorted((a, b) => b - a));
    expect(new Set(strengths).size).toBe(3);
  });

  it("accounts for every frame and every millisecond awake", async () => {
    const { clock, left, right, send } = createWorld();
    await send();
    left.sleep();
    await clock.advance(1000);
    expect(left.account()).toMatchObject({
      framesSent: 1,
      bytesSent: 20,
      acknowledged: 1,
      unacknowledged: 0,
    });
    expect(left.account().awakeMs).toBeCloseTo(1.01, 6);
    expect(left.account().sendingMs).toBeCloseTo(0.696, 6);
    expect(right.account()).toMatchObject({ framesReceived: 1, bytesReceived: 20 });
    expect(right.account().receivingMs).toBeCloseTo(0.696, 6);
  });

  it("does the same again from the same seed", async () => {
    const [first, second] = [await play(), await play()];
    expect(first.length).toBeGreaterThan(400);
    expect(second).toEqual(first);
  });

  it("brings a frame to all radios that share an address, and one that acknowledges suffices", async () => {
    const { clock, air, left, send } = createWorld();
    const options = { address: "020000000003", sharesAddress: true };
    const heard: string[] = [];
    const near = air.join(options);
    near.listen(() => heard.push("near"));
    const far = air.join({ ...options, x: 90 });
    far.listen(() => heard.push("far"));
    const tell = () => clock.runUntil(left.send(options.address, frame()));
    expect([await tell(), heard]).toEqual([true, ["near", "far"]]);
    far.moveTo(200, 0);
    expect([await tell(), heard]).toEqual([true, ["near", "far", "near"]]);
    await near.close();
    expect(await tell()).toBe(false);
    expect(() => air.join({ address: options.address })).toThrow("has joined already");
    expect(() => air.join({ ...options, address: left.address })).toThrow("has joined already");
    expect(await send()).toBe(true);
  });
});

/** Two hundred frames under every fault, from one seed. */
async function play(): Promise<AirEvent[]> {
  const faults = { loss: 0.3, acknowledgementLoss: 0.1, duplicate: 0.2, lie: 0.05, jitterMs: 5 };
  const { clock, air, send } = createWorld({}, {}, faults);
  const trace: AirEvent[] = [];
  air.observe((event) => trace.push(event));
  for (let index = 0; index < 200; index++) await send();
  await clock.advance(1000);
  return trace;
}
