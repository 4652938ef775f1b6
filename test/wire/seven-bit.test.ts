import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSeededRandom, encodeUtf8, randomInteger, toHex } from "../../src/base/index.ts";
import { decodeSevenBit, encodeSevenBit, isSevenBit } from "../../src/wire/index.ts";

describe("bytes in characters of seven bits", () => {
  it("come back as they were, and hold neither zeros nor anything above 7f", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const characters = encodeSevenBit(bytes);
        expect(characters.every((one) => one > 0 && one < 0x80)).toBe(true);
        expect(isSevenBit(characters)).toBe(true);
        expect(toHex(decodeSevenBit(characters) ?? Uint8Array.of(0xee))).toBe(toHex(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it("are these for `81`, the host's go-ahead", () => {
    expect(toHex(encodeSevenBit(Uint8Array.of(0x81)))).toBe("0140521755616c");
    expect(isSevenBit(encodeUtf8("p\u007fresult"))).toBe(false);
  });

  it("are refused when damaged: every bit flipped, every character lost and doubled, and at random", () => {
    const good = encodeSevenBit(encodeUtf8("a message on five wires"));
    for (let at = 1; at < good.length; at++) {
      for (let bit = 0; bit < 7; bit++) {
        const flipped = Uint8Array.from(good);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        // The last character has bits that say nothing.
        if (at < good.length - 1) expect(decodeSevenBit(flipped)).toBeUndefined();
      }
      const lost = Uint8Array.from([...good.subarray(0, at), ...good.subarray(at + 1)]);
      const doubled = Uint8Array.from([...good.subarray(0, at), ...good.subarray(at - 1)]);
      expect(decodeSevenBit(lost)).toBeUndefined();
      if (at > 1) expect(decodeSevenBit(doubled)).toBeUndefined();
    }
    const random = createSeededRandom(17);
    for (let run = 0; run < 20_000; run++) {
      const length = randomInteger(random, 0, 40);
      expect(
        decodeSevenBit(Uint8Array.from({ length }, () => randomInteger(random, 0, 127))),
      ).toBeUndefined();
    }
  });
});
