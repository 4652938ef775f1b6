import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import type { Refusal } from "../../src/gateway/index.ts";
import { describeRefusal, showBytes, stampLine } from "../../src/gateway/report-text.ts";

const source = "02000000aa01";

describe("stampLine", () => {
  it("writes day and month unpadded, the time with two digits", () => {
    expect(stampLine(Date.UTC(2026, 10, 20, 9, 5, 1), "text")).toBe("20/11/2026 09:05:01 text");
    expect(stampLine(Date.UTC(2027, 0, 2, 23, 59, 59), "text")).toBe("2/1/2027 23:59:59 text");
  });
});

function text(refusal: Refusal, frame: string, command?: string): string {
  return describeRefusal(refusal, { source, bytes: encodeUtf8(frame), command });
}

describe("describeRefusal", () => {
  it("says what the original says", () => {
    expect(text("unknown-command", '["foo"]', "foo")).toBe(
      `Warning: unknown command foo from node ${source}`,
    );
    expect(text("bad-length", "[1, 2, 3]")).toBe(`Malformed message [1, 2, 3] from node ${source}`);
    expect(text("not-json", "hello")).toBe(`Unformatted message hello from node ${source}`);
  });

  it("adds what is wrong with a list of the right length", () => {
    expect(text("bad-qos", '["t", "m", false, 9]')).toBe(
      `Malformed message ["t", "m", false, 9] from node ${source}: bad qos`,
    );
  });
});

describe("showBytes", () => {
  it("cuts long frames and shows no control characters or broken bytes", () => {
    expect(showBytes(encodeUtf8("x".repeat(300)))).toBe(`${"x".repeat(59)}…`);
    expect(showBytes(encodeUtf8("a\nb\u0007ü"))).toBe("a?b?ü");
    expect(showBytes(Uint8Array.of(0xff, 0x41, 0x00))).toBe("?A?");
  });
});
