import { describe, expect, it } from "vitest";
import { decideSync, fitsPattern, parseSyncSpec, remoteErrors } from "../../src/remote/index.ts";

const plain = { from: "", to: undefined, checkOnly: false, noUpdate: false, compile: false };

describe("a specification", () => {
  it("names folders, files, renamed files, patterns and options", () => {
    const spec = parseSyncSpec(
      [
        "# comment",
        "/lib: --mpy   # compiled",
        "  src: a.py b.py->c.py",
        "  *.py",
        "/: --check-only --no-update",
        "\tboot.py",
        "mpy-cross: /opt/mpy-cross -march=armv7m",
      ].join("\n"),
    );
    expect(spec).toEqual({
      compiler: ["/opt/mpy-cross", "-march=armv7m"],
      targets: [
        {
          folder: "/lib",
          sources: [
            { ...plain, from: "src", pattern: "a.py", compile: true },
            { ...plain, from: "src", pattern: "b.py", to: "c.py", compile: true },
            { ...plain, pattern: "*.py", compile: true },
          ],
        },
        { folder: "/", sources: [{ ...plain, pattern: "boot.py", checkOnly: true, noUpdate: true }] },
      ],
    });
  });

  it("takes a folder with blanks in its name", () => {
    const { targets } = parseSyncSpec("/my data: --check-only\n a");
    expect(targets).toEqual([{ folder: "/my data", sources: [{ ...plain, pattern: "a", checkOnly: true }] }]);
  });

  it("keeps each file's own options where two blocks have the same folder", () => {
    const spec = parseSyncSpec("/a: --check-only\n x\n/a:\n y");
    expect(spec.targets).toEqual([
      {
        folder: "/a",
        sources: [
          { ...plain, pattern: "x", checkOnly: true },
          { ...plain, pattern: "y" },
        ],
      },
    ]);
  });

  it.each([
    [" a.py", /line 1: files come before/],
    ["/lib", /line 1: a target folder ends in a colon/],
    [":", /line 1: a target folder ends in a colon, got ":"/],
    ["/lib: --deep", /line 1: a target has no option "--deep"/],
    ["/lib:\n *.py->x", /line 2: a pattern cannot be renamed/],
    ["/lib:\n a->../b", /line 2: what a file is renamed to is a plain name/],
    ["/lib:\n a->", /line 2: a file is FILE or FILE->NAME/],
  ])("%j is refused with its line", (text, message) => {
    expect(() => parseSyncSpec(text)).toThrow(message);
    expect(() => parseSyncSpec(text)).toThrow(
      expect.toSatisfy((error) => remoteErrors.is(error, "remote/bad-spec")),
    );
  });
});

describe("a file's fate", () => {
  it.each([
    [{}, "1", "1", { action: "ok" }],
    [{}, "1", undefined, { action: "put", reason: "missing" }],
    [{}, "1", "2", { action: "put", reason: "shadiff" }],
    [{ checkOnly: true }, "1", undefined, { action: "skip", reason: "missing" }],
    [{ noUpdate: true }, "1", "2", { action: "skip", reason: "shadiff" }],
    [{ noUpdate: true }, "1", undefined, { action: "put", reason: "missing" }],
  ])("with %j, %s here and %s there", (options, here, there, decision) => {
    expect(decideSync({ ...plain, pattern: "x", ...options }, here, there)).toEqual(decision);
  });
});

describe("patterns", () => {
  it("know * and ?, and nothing else", () => {
    expect(fitsPattern("*.py", "a.py")).toBe(true);
    expect(fitsPattern("*.py", "apy")).toBe(false);
    expect(fitsPattern("a?.(py)", "ab.(py)")).toBe(true);
  });
});
