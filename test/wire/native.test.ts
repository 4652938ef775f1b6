import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSeededRandom, encodeUtf8, randomInteger } from "../../src/base/index.ts";
import {
  createJoinCode,
  cutParts,
  decodeDownlinkBody,
  decodeItem,
  decodeJoined,
  decodeJoinedDelivery,
  decodeUplinkBody,
  decodeWelcome,
  deriveNodeKeys,
  type DownlinkBody,
  type DownlinkItem,
  encodeDownlinkBody,
  encodeHello,
  encodeItem,
  encodeJoin,
  encodeJoined,
  encodeJoinedDelivery,
  encodeUplinkBody,
  encodeWelcome,
  hasPart,
  isHelloOf,
  isJoinOf,
  isNativeFrame,
  nobleSeal,
  type NumberedItem,
  PartSet,
  secretOfCode,
  splitDownlink,
  splitUplink,
  typeOfFrame,
  type UplinkBody,
} from "../../src/wire/index.ts";

/** Sixteen bytes that nobody would take for random. */
function random(seed: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, index) => seed + index);
}

const u8 = fc.integer({ min: 0, max: 255 });
const u16 = fc.integer({ min: 0, max: 65_535 });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const payload = fc.uint8Array({ maxLength: 200 });
const alias = fc.integer({ min: 1, max: 31 });
const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 });
const topic = fc.oneof(
  fc.record({ name, alias: fc.option(alias, { nil: undefined }) }),
  fc.record({ name: fc.constant(undefined), alias }),
);
const messageFields = { topic, payload, retain: fc.boolean(), qos };
const seconds = fc.option(u32, { nil: undefined });
const bits = fc.uint8Array({ maxLength: 32 });
const part = fc
  .tuple(u8, u8, seconds, payload)
  .filter(([index, count]) => index < count)
  .map(([index, count, ageSeconds, bytes]) => ({ type: "part" as const, index, count, ageSeconds, bytes }));

const item: fc.Arbitrary<NumberedItem> = fc.oneof(
  fc.record({ type: fc.constant("publish" as const), ageSeconds: seconds, ...messageFields }),
  fc.record({ type: fc.constant("subscribe" as const), topic, qos }),
  fc.record({ type: fc.constant("unsubscribe" as const), topic }),
  part,
  fc.record({ type: fc.constant("contract" as const), periodSeconds: u32, toleranceSeconds: u32 }),
  fc.record({
    type: fc.constant("will" as const),
    will: fc.option(fc.record(messageFields), { nil: undefined }),
  }),
  fc
    .record(
      { batteryMillivolts: u16, batteryPercent: u8, awakeMs: u32, framesSent: u16, sendFailures: u16 },
      { requiredKeys: [] },
    )
    .map((energy) => ({ type: "energy" as const, energy })),
  fc.constant({ type: "leave" as const }),
);

const uplink: fc.Arbitrary<UplinkBody> = fc
  .record({
    answer: fc.boolean(),
    fetch: fc.boolean(),
    stays: fc.boolean(),
    firstNumber: fc.oneof(u16, fc.constant(0)),
    items: fc.array(item, { maxLength: 6 }),
    came: fc.uniqueArray(u16, { maxLength: 40 }),
    have: fc.array(fc.record({ number: u16, bits }), { maxLength: 3 }),
    cannotTake: fc.array(
      fc.record({ number: u16, reason: fc.constantFrom("too-long" as const, "malformed" as const) }),
      { maxLength: 3 },
    ),
  })
  .filter(({ items, firstNumber }) => items.length > 0 || firstNumber === 0);

const delivery = { topic, payload, retained: fc.boolean(), ageSeconds: seconds };
const downlinkItem: fc.Arbitrary<DownlinkItem> = fc.oneof(
  fc.record({ type: fc.constant("message" as const), number: u16, ...delivery }),
  fc.tuple(part, u16).map(([{ type, index, count, ageSeconds, bytes }, number]) => ({
    type,
    number,
    index,
    count,
    ageSeconds,
    bytes,
  })),
  fc.record({ type: fc.constant("have" as const), number: u16, bits }),
  fc.record({
    type: fc.constant("refused" as const),
    number: u16,
    reason: fc.constantFrom(
      "bad-topic" as const,
      "not-allowed" as const,
      "too-long" as const,
      "malformed" as const,
    ),
  }),
  fc.record({
    type: fc.constant("later" as const),
    reason: fc.constantFrom("full" as const, "broker-out" as const),
  }),
  fc.record({
    type: fc.constant("move" as const),
    channel: fc.integer({ min: 1, max: 14 }),
    inSeconds: u32,
  }),
);
const downlink: fc.Arbitrary<DownlinkBody> = fc.record({
  reply: fc.option(
    fc.record({
      time: fc.tuple(u32, u8).map(([whole, part256]) => whole * 1000 + (part256 * 1000) / 256),
      waiting: u32,
      nextNumber: u16,
    }),
    { nil: undefined },
  ),
  last: fc.boolean(),
  brokerOut: fc.boolean(),
  items: fc.array(downlinkItem, { maxLength: 6 }),
});

describe("bodies of native frames", () => {
  it("are read as they were written", () => {
    fc.assert(
      fc.property(uplink, (body) => {
        expect(decodeUplinkBody(encodeUplinkBody(body))).toEqual(body);
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(downlink, (body) => {
        expect(decodeDownlinkBody(encodeDownlinkBody(body))).toEqual(body);
      }),
      { numRuns: 200 },
    );
  });

  it("tell numbers that follow each other in three bytes for sixteen", () => {
    const came = Array.from({ length: 16 }, (_, index) => (65_530 + index) % 65_536);
    const body = { answer: false, fetch: false, stays: false, firstNumber: 0, have: [], cannotTake: [] };
    expect(encodeUplinkBody({ ...body, items: [], came })).toHaveLength(4);
  });

  it("are refused where a kind, a flag or a reason is not of this version, or something is cut off", () => {
    for (const bytes of [
      [],
      [0x10],
      [0x08, 0, 1],
      [0x00, 0x80],
      [0x08, 0, 1, 0x00],
      [0x08, 0, 1, 0xf0],
      [0x08, 0, 1, 0x16, 0x01, 0x00],
      [0x08, 0, 1, 0x10, 0x00, 0x00],
      [0x08, 0, 1, 0x10, 0x20, 0x00],
      [0x08, 0, 1, 0x10, 0x01, 0x05, 1, 2],
      [0x08, 0, 1, 0x40, 2, 2, 0],
      [0x08, 0, 1, 0x10, 0x80, 0x01, 0xff, 0x00],
      [0x08, 0, 1, 0x50, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x00],
      [0x00, 0xb0, 0, 1],
    ]) {
      expect(decodeUplinkBody(Uint8Array.from(bytes)), String(bytes)).toBeUndefined();
    }
    for (const bytes of [
      [],
      [0x08],
      [0x00, 0x14, 0x01, 0x00],
      [0x01, 0, 0],
      [0x00, 0xc0, 0, 1],
      [0x00, 0xe0, 15, 0],
    ]) {
      expect(decodeDownlinkBody(Uint8Array.from(bytes)), String(bytes)).toBeUndefined();
    }
  });

  it("never make a reader throw: 20,000 of random bytes", () => {
    const chance = createSeededRandom(20_261_121);
    for (let run = 0; run < 20_000; run++) {
      const bytes = Uint8Array.from({ length: randomInteger(chance, 0, 60) }, () =>
        randomInteger(chance, 0, 255),
      );
      decodeUplinkBody(bytes);
      decodeDownlinkBody(bytes);
      decodeItem(bytes);
      decodeJoinedDelivery(bytes);
      splitUplink(bytes);
      splitDownlink(bytes);
      typeOfFrame(bytes);
    }
  });
});

describe("native frames", () => {
  it("are told from both classic dialects by their first byte", () => {
    for (const text of ['["t", "m", false, 0]', '  ["ping"]', "ACK", "11", "\u{feff}[]", "ä", "日", "😀"]) {
      expect(isNativeFrame(encodeUtf8(text)), text).toBe(false);
    }
    expect(isNativeFrame(Uint8Array.of(0x88))).toBe(true);
    expect(typeOfFrame(Uint8Array.of(0x88))).toBe("uplink");
    expect(typeOfFrame(Uint8Array.of(0x8e))).toBeUndefined();
    expect([isNativeFrame(Uint8Array.of(0x90)), typeOfFrame(Uint8Array.of(0x90))]).toEqual([true, undefined]);
  });
});

describe("parts", () => {
  it("make the whole in any order, whatever comes twice", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 3000 }),
        fc.infiniteStream(fc.nat()),
        (bytes, chance) => {
          const parts = cutParts(bytes, 217) ?? [];
          const set = new PartSet(7, parts.length);
          let whole: Uint8Array | undefined;
          for (let tries = 0; !whole && tries < 10_000; tries++) {
            const index = (chance.next().value ?? 0) % parts.length;
            whole = set.add(index, parts[index] ?? new Uint8Array());
            expect(hasPart(set.bits, index)).toBe(true);
          }
          expect(whole).toEqual(bytes);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("are at most 255", () => {
    expect(cutParts(new Uint8Array(255), 1)).toHaveLength(255);
    expect(cutParts(new Uint8Array(256), 1)).toBeUndefined();
  });

  it("carry any item, but no part", () => {
    const whole = { type: "subscribe" as const, topic: { name: "a/+", alias: 1 }, qos: 1 as const };
    expect(decodeItem(encodeItem(whole))).toEqual(whole);
    const inner = {
      type: "part" as const,
      index: 0,
      count: 1,
      ageSeconds: undefined,
      bytes: new Uint8Array(1),
    };
    expect(decodeItem(encodeItem(inner))).toBeUndefined();
    const message = {
      topic: { name: "t", alias: undefined },
      payload: Uint8Array.of(0, 255),
      retained: true,
      ageSeconds: undefined,
    };
    expect(decodeJoinedDelivery(encodeJoinedDelivery(message))).toEqual(message);
  });
});

describe("handshakes", () => {
  const pair = { node: "020000000001", gateway: "02006d6f7465" };
  const secret = secretOfCode("k7qf9 m2xtr-abcde-fghjk");

  it("give both ends the same key and session, and nobody else", () => {
    const join = encodeJoin(nobleSeal, pair, secret, random(1));
    expect(isJoinOf(nobleSeal, pair, secret, join)).toBe(true);
    expect(isJoinOf(nobleSeal, pair, secretOfCode("other"), join)).toBe(false);
    const joined = encodeJoined(nobleSeal, pair, secret, join, random(50));
    const keys = decodeJoined(nobleSeal, pair, secret, join, joined.frame);
    expect(keys).toEqual(joined.keys);
    if (!keys) throw new Error("not joined");
    const hello = encodeHello(nobleSeal, keys, random(100));
    expect(isHelloOf(nobleSeal, joined.keys, hello)).toBe(true);
    const answer = { answered: hello, random: random(150), nextNumber: 300 };
    const welcome = encodeWelcome(nobleSeal, pair, joined.keys, answer);
    const read = decodeWelcome(nobleSeal, pair, keys, hello, welcome.frame);
    expect(read).toEqual({ nextNumber: 300, session: welcome.session });
    expect(read?.session.uplink).not.toEqual(read?.session.downlink);
    // The welcome to one hello is none to another, nor one between other ends.
    const other = encodeHello(nobleSeal, keys, random(101));
    expect(decodeWelcome(nobleSeal, pair, keys, other, welcome.frame)).toBeUndefined();
    const strangers = { ...pair, node: "020000000002" };
    expect(isJoinOf(nobleSeal, strangers, secret, join)).toBe(false);
    expect(isHelloOf(nobleSeal, deriveNodeKeys(nobleSeal, strangers, keys.node), hello)).toBe(false);
  });

  it("fail with any bit altered", () => {
    const join = encodeJoin(nobleSeal, pair, secret, random(1));
    const { frame, keys } = encodeJoined(nobleSeal, pair, secret, join, random(50));
    const hello = encodeHello(nobleSeal, keys, random(2));
    const welcome = encodeWelcome(nobleSeal, pair, keys, {
      answered: hello,
      random: random(3),
      nextNumber: 1,
    });
    const readers: [Uint8Array, (bytes: Uint8Array) => unknown][] = [
      [join, (bytes) => isJoinOf(nobleSeal, pair, secret, bytes)],
      [frame, (bytes) => decodeJoined(nobleSeal, pair, secret, join, bytes) !== undefined],
      [hello, (bytes) => isHelloOf(nobleSeal, keys, bytes)],
      [welcome.frame, (bytes) => decodeWelcome(nobleSeal, pair, keys, hello, bytes) !== undefined],
    ];
    for (const [good, read] of readers) {
      expect(read(good)).toBe(true);
      for (let bit = 0; bit < good.length * 8; bit++) {
        const altered = Uint8Array.from(good);
        altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(read(altered)).toBe(false);
      }
      expect(read(good.subarray(1))).toBe(false);
    }
  });

  it("codes have 100 bits, and are read as people write them", () => {
    const code = createJoinCode((length) => Uint8Array.from({ length }, (_, index) => index * 37));
    expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$/);
    expect(secretOfCode(` ${code.toLowerCase()} `)).toEqual(secretOfCode(code));
  });
});
