import { describe, expect, it } from "vitest";
import { formatSpan } from "../../src/base/index.ts";

describe("formatSpan", () => {
  it("counts days only where there are some", () => {
    expect(formatSpan(0)).toBe("00:00:00");
    expect(formatSpan(3_723_999)).toBe("01:02:03");
    expect(formatSpan(2 * 86_400_000 + 1000)).toBe("2 d 00:00:01");
  });
});
