import { describe, expect, it } from "vitest";
import { createSeededRandom, encodeUtf8, randomInteger } from "../../src/base/index.ts";
import { toRememberedText } from "../../src/wire/remembered-text.ts";

describe("toRememberedText", () => {
  it("gives the text of the bytes, whatever it was asked before", () => {
    const random = createSeededRandom(11);
    for (let count = 0; count < 50_000; count++) {
      const text = `t/${randomInteger(random, 0, 2000)}${"x".repeat(randomInteger(random, 0, 200))}`;
      expect(toRememberedText(encodeUtf8(`["${text}"`), 2, text.length + 2)).toBe(text);
    }
  });

  it("gives an empty text for no bytes", () => {
    expect(toRememberedText(encodeUtf8("abc"), 1, 1)).toBe("");
  });
});
