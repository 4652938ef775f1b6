import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../../src/base/index.ts";
import { chooseDialect, learnDialect } from "../../../src/gateway/classic/choose-dialect.ts";
import { decodeClassicUplink } from "../../../src/wire/index.ts";

const read = (text: string) => decodeClassicUplink(encodeUtf8(text));

describe("learnDialect", () => {
  it.each(['["ping"]', '["get"]', '["aget"]', '["chan"]', '["foo"]', "[7]"])("takes %s for link", (frame) => {
    expect(learnDialect(undefined, read(frame))).toBe("link");
    expect(learnDialect("prototype", read(frame))).toBe("link");
  });

  it.each([4, 5, 6])("takes qos %i of a publication for prototype", (qos) => {
    expect(learnDialect(undefined, read(`["t", "m", false, ${qos}]`))).toBe("prototype");
  });

  it.each([
    '["t", "m", false, 0]',
    '["t", "m", false, 2]',
    '["t", 1]',
    '["t", null]',
    "7",
    "[]",
    '["t", "m", false, 9]',
    "{",
  ])("learns nothing from %s", (frame) => {
    expect(learnDialect(undefined, read(frame))).toBeUndefined();
    expect(learnDialect("prototype", read(frame))).toBe("prototype");
  });

  it("does not unlearn link", () => {
    expect(learnDialect("link", read('["t", "m", false, 5]'))).toBe("link");
  });
});

describe("chooseDialect", () => {
  it("begins as prototype, or as the gateway is set", () => {
    expect(chooseDialect(undefined, undefined, "auto")).toBe("prototype");
    expect(chooseDialect("auto", undefined, "link")).toBe("link");
  });

  it("prefers what was heard to how the gateway is set, and what was set by hand to both", () => {
    expect(chooseDialect(undefined, "link", "prototype")).toBe("link");
    expect(chooseDialect("prototype", "link", "link")).toBe("prototype");
  });
});
