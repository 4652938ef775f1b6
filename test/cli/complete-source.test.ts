import { describe, expect, it } from "vitest";
import { isComplete } from "../../src/cli/board/complete-source.ts";
import { toJsonLine, toPrintable, toSafeText } from "../../src/cli/output.ts";

describe("a source that is typed", () => {
  it.each([
    ["python", "2+3", true],
    ["python", "print('(')", true],
    ["python", "f(1,", false],
    ["python", "for x in y:", false],
    ["python", "for x in y:\n  print(x)", false],
    ["python", "for x in y:\n  print(x)\n", true],
    ["python", "'''text", false],
    ["python", "d = {'a': 1}", true],
    ["python", "x = 1 # (", true],
    ["python", "a \\", false],
    ["python", "1 +", true],
    ["javascript", "() => {", false],
    ["javascript", "() => {\n}", true],
    ["javascript", "`one", false],
    ["javascript", "1 // (", true],
    ["javascript", "label: 1", true],
    ["javascript", '/[(]/.test("(")', true],
    ["javascript", "f(1", false],
    ["javascript", "f(1,\n2", false],
    ["javascript", "f(1 2)", true],
    ["javascript", "await f(", false],
    ["javascript", "await f()", true],
    ["javascript", "f(`one ${1}", false],
    ["javascript", '"one', true],
    ["javascript", "x = [1,", false],
  ] as const)("in %s, %j is whole: %s", (language, source, whole) => {
    expect(isComplete(source, language)).toBe(whole);
  });
});

describe("what a peer wrote", () => {
  it("moves no cursor and changes no colour", () => {
    expect(toPrintable("a\u001b[2Jb\u009b1m\r\nc\td\u202e")).toBe("a\\x1b[2Jb\\x9b1m\\x0d\\nc\\td\\u202e");
    expect(toSafeText("a\u001b[2Jb\u009b1m\r\nc\td\u202e")).toBe("a\\x1b[2Jb\\x9b1m\nc\td\\u202e");
    expect(toJsonLine({ name: "\u001b\u009b\u202e" })).toBe(String.raw`{"name":"\u001b\u009b\u202e"}`);
  });
});
