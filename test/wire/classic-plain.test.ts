import { describe, expect, it } from "vitest";
import { createSeededRandom, encodeUtf8, type Random, randomInteger } from "../../src/base/index.ts";
import { decodePlainPublication } from "../../src/wire/classic-plain.ts";
import { decodeAnyUplink } from "../../src/wire/classic-uplink.ts";

const seed = Number(process.env["MOTEQ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

/** What is read, with the payload in a form that can be compared. */
function read(bytes: Uint8Array, decode: typeof decodeAnyUplink | typeof decodePlainPublication) {
  const uplink = decode(bytes);
  return uplink?.type === "publish" ? { ...uplink, payload: [...uplink.payload] } : uplink;
}

describe("decodePlainPublication", () => {
  it.each([
    '["shed", "21.5", false, 0]',
    '["shed", "21.5", true, 1]',
    '["a/b c~", "", false, 2]',
    '["", "x", true, 6]',
    '["t", "ü 温度 🌡\u007f\u0085", false, 4]',
  ])("reads %s as the general reader does", (text) => {
    const bytes = encodeUtf8(text);
    expect(read(bytes, decodePlainPublication)).toEqual(read(bytes, decodeAnyUplink));
    expect(read(bytes, decodePlainPublication)).toBeDefined();
  });

  it("reads a payload that is no UTF-8 as the general reader does", () => {
    const bytes = Uint8Array.of(...encodeUtf8('["t", "'), 0xff, 0x80, 0xc3, ...encodeUtf8('", false, 0]'));
    expect(read(bytes, decodePlainPublication)).toEqual(read(bytes, decodeAnyUplink));
    expect(decodePlainPublication(bytes)?.payload).toEqual(Uint8Array.of(0xff, 0x80, 0xc3));
  });

  it.each([
    '["t", "a\\nb", false, 0]',
    '["t\\u0041", "x", false, 0]',
    '["tür", "x", false, 0]',
    '["t","x",false,0]',
    '["t", "x", false, 3]',
    '["t", "x", false, 7]',
    '["t", "x", false, 10]',
    '["t", "x", false, -1]',
    '["t", "x", False, 0]',
    '["t", "x", 1, 0]',
    '["t", 7, false, 0]',
    '["t", 1]',
    '["get"]',
    ' ["t", "x", false, 0]',
    '["t", "x", false, 0] ',
    '["t", "x", false, 0',
    '["t',
    "[",
    "",
  ])("leaves %j to the general reader", (text) => {
    expect(decodePlainPublication(encodeUtf8(text))).toBeUndefined();
  });

  it(`never says anything else than the general reader: 300,000 frames (MOTEQ_SEED=${seed})`, () => {
    const random = createSeededRandom(seed);
    let plain = 0;
    for (let count = 0; count < 300_000; count++) {
      const bytes = mutate(random, encodeUtf8('["ab", "cd", true, 0]'));
      const quick = decodePlainPublication(bytes);
      if (!quick) continue;
      plain++;
      expect(read(bytes, decodePlainPublication)).toEqual(read(bytes, decodeAnyUplink));
    }
    expect(plain).toBeGreaterThan(10_000);
  });
});

function mutate(random: Random, bytes: Uint8Array): Uint8Array {
  for (let count = randomInteger(random, 0, 2); count > 0; count--) {
    bytes[randomInteger(random, 0, bytes.length - 1)] = randomInteger(random, 0, 255);
  }
  return random.next() < 0.9 ? bytes : bytes.subarray(0, randomInteger(random, 0, bytes.length));
}
