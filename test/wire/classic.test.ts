import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createSeededRandom,
  decodeUtf8,
  encodeUtf8,
  equalBytes,
  randomInteger,
} from "../../src/base/index.ts";
import {
  type ClassicUplink,
  decodeClassicDownlink,
  decodeClassicUplink,
  encodeClassicUplink,
  encodeDelivery,
  nameOfPart,
  parsePartName,
  PartJoiner,
} from "../../src/wire/index.ts";

const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const topic = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });

describe("frames of a node", () => {
  it("are read as they were written, binary payloads included", () => {
    const uplink = fc.oneof(
      fc.record({
        type: fc.constant("publish" as const),
        topic: fc.stringMatching(/^[a-z/ "\\]{1,20}$/),
        payload: fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.string({ unit: "binary" }).map((text) => encodeUtf8(text)),
        ),
        retain: fc.boolean(),
        qos,
        acknowledge: fc.boolean(),
      }),
      fc.record({ type: fc.constant("subscribe" as const), topic, qos }),
      fc.record({ type: fc.constant("unsubscribe" as const), topic }),
      fc.record({
        type: fc.constantFrom("get" as const, "ping" as const, "poll" as const, "channel" as const),
      }),
    );
    fc.assert(
      fc.property(uplink, (one: ClassicUplink) => {
        expect(decodeClassicUplink(encodeClassicUplink(one))).toEqual(one);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["7", "not-a-list"],
    ["{}", "not-a-list"],
    ["[]", "bad-length"],
    ['["a", 1, 2]', "bad-length"],
    ['["a", "b", false, 0, 1]', "bad-length"],
    ['["foo"]', "unknown-command"],
    ["[null]", "unknown-command"],
    ['["__proto__"]', "unknown-command"],
    ['[7, "b", false, 0]', "bad-topic"],
    ['["a", "b", "no", 0]', "bad-retain"],
    ['["a", "b", false, 3]', "bad-qos"],
    ['["a", "b", false, 7]', "bad-qos"],
    ['["a", "b", false, "1"]', "bad-qos"],
    ['["a", 1.5]', "bad-qos"],
    ['["a"', "not-json"],
    ["", "not-json"],
  ])("%s is refused: %s", (text, fault) => {
    expect(decodeClassicUplink(encodeUtf8(text))).toMatchObject({ type: "malformed", fault });
  });

  it("may publish what is no string, as its JSON", () => {
    for (const [message, expected] of [
      ["21.5", "21.5"],
      ["true", "true"],
      ['{"t": 1}', '{"t":1}'],
      ["null", "null"],
    ]) {
      const uplink = decodeClassicUplink(encodeUtf8(`["t", ${message}, false, 0]`));
      expect(uplink.type === "publish" && decodeUtf8(uplink.payload)).toBe(expected);
    }
  });

  it("never make the reader throw: 100,000 of random bytes, and every bit of a good one flipped", () => {
    const seed = 20_261_120;
    const random = createSeededRandom(seed);
    const good = encodeUtf8('["shed/träger", "hi \\"there\\" \\u00e9", false, 5]');
    const frames: Uint8Array[] = Array.from({ length: 100_000 }, () =>
      Uint8Array.from({ length: randomInteger(random, 0, 60) }, () => randomInteger(random, 0, 255)),
    );
    for (let bit = 0; bit < good.length * 8; bit++) {
      const flipped = Uint8Array.from(good);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      frames.push(flipped, good.subarray(0, bit >> 3));
    }
    for (const frame of frames) {
      decodeClassicUplink(frame);
      decodeClassicDownlink(frame);
    }
    expect(frames.length).toBeGreaterThan(100_000);
  });
});

describe("messages for a node", () => {
  it("fit their frames and are joined again, text or bytes, in as many parts as it takes", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 3000 }),
          fc.string({ unit: "binary", maxLength: 900 }).map((text) => encodeUtf8(text)),
        ),
        fc.boolean(),
        fc.integer({ min: 0, max: 999 }),
        (payload, retained, id) => {
          const frames = encodeDelivery({ topic: "config/menu", payload, retained }, 250, id) ?? [];
          const joiner = new PartJoiner<string>();
          let whole: string | undefined;
          for (const frame of frames) {
            expect(frame.length).toBeLessThanOrEqual(250);
            const downlink = decodeClassicDownlink(frame);
            if (downlink?.type !== "message") throw new Error("no message");
            expect(downlink.retained).toBe(retained);
            const part = parsePartName(downlink.topic);
            whole = part ? joiner.add(part, downlink.message)?.join("") : downlink.message;
          }
          const asText = decodeUtf8(payload);
          const bytes =
            asText === undefined
              ? Uint8Array.from(whole ?? "", (character) => character.charCodeAt(0))
              : encodeUtf8(whole ?? "");
          expect(equalBytes(bytes, payload)).toBe(true);
        },
      ),
    );
  });

  it("are refused when no number of parts would do", () => {
    const payload = new Uint8Array(100_000);
    expect(encodeDelivery({ topic: "t", payload, retained: false }, 250, 0)).toBeUndefined();
    expect(
      encodeDelivery({ topic: "t".repeat(300), payload: new Uint8Array(1), retained: false }, 250, 0),
    ).toBeUndefined();
  });
});

describe("parts", () => {
  it("never join to anything but a message that was sent, whatever is lost, doubled or out of order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 3 })), { maxLength: 40 }),
        (arrivals) => {
          const joiner = new PartJoiner<string>();
          for (const [id, index] of arrivals) {
            const pieces = joiner.add({ topic: "t", id, index, count: 3 }, `${id}.${index}`);
            if (pieces) expect(pieces).toEqual([`${id}.1`, `${id}.2`, `${id}.3`]);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("count a message of which one got lost, once", () => {
    const joiner = new PartJoiner<number>();
    for (const index of [1, 3, 4]) joiner.add({ topic: "t", id: 1, index, count: 4 }, index);
    expect(joiner.incomplete).toBe(1);
    joiner.add({ topic: "t", id: 2, index: 1, count: 2 }, 1);
    expect(joiner.add({ topic: "t", id: 2, index: 2, count: 2 }, 2)).toEqual([1, 2]);
    expect(joiner.add({ topic: "t", id: 2, index: 2, count: 2 }, 2)).toBeUndefined();
    expect(joiner.incomplete).toBe(1);
  });

  it("have names that no topic can have", () => {
    expect(nameOfPart("config/menu", 7, 1, 3)).toBe("config/menu#7.1/3");
    expect(parsePartName("config/menu#7.1/3")).toEqual({ topic: "config/menu", id: 7, index: 1, count: 3 });
    for (const name of ["config", "#7.1/3", "t#7.0/3", "t#7.4/3", "t#7.1/256", "t#x.1/3", "t#1000.1/3"])
      expect(parsePartName(name)).toBeUndefined();
  });
});
