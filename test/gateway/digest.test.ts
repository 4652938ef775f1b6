import { describe, expect, it } from "vitest";
import { createSeededRandom, encodeUtf8, randomInteger } from "../../src/base/index.ts";
import { digestBytes, digestText } from "../../src/gateway/digest.ts";

describe("digestBytes and digestText", () => {
  it("give exact numbers that tell apart 200,000 short inputs", () => {
    const random = createSeededRandom(20);
    const texts = new Set(Array.from({ length: 200_000 }, () => `t${randomInteger(random, 0, 1e9)}`));
    const ofBytes = new Set([...texts].map((text) => digestBytes(encodeUtf8(text))));
    const ofTexts = new Set([...texts].map((text) => digestText(text)));
    expect([ofBytes.size, ofTexts.size]).toEqual([texts.size, texts.size]);
    expect([...ofBytes, ...ofTexts].every((digest) => Number.isSafeInteger(digest))).toBe(true);
  });

  it("tell apart inputs that differ in length, order or one bit", () => {
    const inputs = [[], [0], [0, 0], [1], [0, 1], [1, 0], [128]].map((bytes) =>
      digestBytes(Uint8Array.from(bytes)),
    );
    expect(new Set(inputs).size).toBe(inputs.length);
  });
});
