import { describe, expect, it } from "vitest";
import { Announcements } from "../../src/cli/board/announced.ts";

/** A board's information of so many bytes. */
function announce(name: string, bytes = 0): Uint8Array {
  const text = JSON.stringify({ state: "online", name, padding: "" });
  return Buffer.from(text.replace('""', `"${"x".repeat(Math.max(0, bytes - text.length))}"`));
}

describe("what boards announce", () => {
  it("counts as each said it last, however often that was", () => {
    const announcements = new Announcements();
    for (let index = 0; index < 300; index++) announcements.take("loud", announce("still there", 65_536));
    announcements.take("loud", announce("last"));
    announcements.take("quiet", announce("quiet"));
    const { boards, leftOut } = announcements.found;
    expect(boards.map(({ prefix, info }) => [prefix, info.name])).toEqual([
      ["loud", "last"],
      ["quiet", "quiet"],
    ]);
    expect(leftOut).toBe(0);
  });

  it("is taken up to 16 MiB in all, of each board up to 64 KiB, and of 10,000 boards; the others are counted", () => {
    const long = new Announcements();
    long.take("too-long", announce("x", 65_537));
    for (let index = 0; index < 257; index++) long.take(`${index}`, announce("x", 65_536));
    expect([long.found.boards.length, long.found.leftOut]).toEqual([256, 2]);
    long.take("too-long", announce("x"));
    expect(long.found.leftOut).toBe(2);
    const many = new Announcements();
    for (let index = 0; index < 10_001; index++) many.take(`${index}`, announce("x"));
    expect([many.found.boards.length, many.found.leftOut]).toEqual([10_000, 1]);
  });

  it("of a board that was left out is not left out any more when it fits", () => {
    const announcements = new Announcements();
    announcements.take("shed", announce("x", 70_000));
    announcements.take("shed", announce("x"));
    expect([announcements.found.boards.length, announcements.found.leftOut]).toEqual([1, 0]);
  });

  it("is left where it is no information", () => {
    const announcements = new Announcements();
    for (const text of ["", "x", "[]", '{"state":"away"}']) announcements.take("shed", Buffer.from(text));
    expect(announcements.found).toEqual({ boards: [], leftOut: 0 });
  });
});
