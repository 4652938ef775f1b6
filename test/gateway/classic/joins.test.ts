import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../../src/base/index.ts";
import { Joins } from "../../../src/gateway/classic/joins.ts";

function add(joins: Joins, node: string, index: number, text: string, { id = 1, count = 3 } = {}) {
  const joined = joins.add(node, { topic: "t", id, index, count }, encodeUtf8(text));
  return typeof joined === "string" ? joined : `whole: ${decodeUtf8(joined)}`;
}

describe("Joins", () => {
  it("gives the whole payload with the last part", () => {
    const joins = new Joins(2, 100);
    expect([add(joins, "a", 1, "x"), add(joins, "a", 2, "y"), add(joins, "a", 3, "z")]).toEqual([
      "waiting",
      "waiting",
      "whole: xyz",
    ]);
  });

  it("takes a repeated part once, the last one too", () => {
    const joins = new Joins(2, 4);
    add(joins, "a", 1, "x");
    expect([1, 1, 1, 2, 2].map((index) => add(joins, "a", index, "y"))).toEqual(
      Array.from({ length: 5 }, () => "waiting"),
    );
    expect([add(joins, "a", 3, "z"), add(joins, "a", 3, "z")]).toEqual(["whole: xyz", "waiting"]);
  });

  it("joins the messages of several nodes at once", () => {
    const joins = new Joins(2, 100);
    for (const index of [1, 2]) for (const node of ["a", "b"]) add(joins, node, index, node);
    expect([add(joins, "a", 3, "!"), add(joins, "b", 3, "?")]).toEqual(["whole: aa!", "whole: bb?"]);
  });

  it("says that a part is missing for all parts that follow, and takes the message when it comes again", () => {
    const joins = new Joins(2, 100);
    expect([add(joins, "a", 1, "x"), add(joins, "a", 3, "z"), add(joins, "a", 2, "y")]).toEqual([
      "waiting",
      "missing-part",
      "missing-part",
    ]);
    expect([1, 2, 3].map((index) => add(joins, "a", index, "x"))).toEqual([
      "waiting",
      "waiting",
      "whole: xxx",
    ]);
  });

  it("refuses a message that grows too long", () => {
    const joins = new Joins(2, 4);
    expect([add(joins, "a", 1, "xx"), add(joins, "a", 2, "yyy"), add(joins, "a", 3, "z")]).toEqual([
      "waiting",
      "message-too-long",
      "missing-part",
    ]);
  });

  it("gives up the one longest quiet when too many are under way, and says so", () => {
    let givenUp = 0;
    const joins = new Joins(2, 100, () => givenUp++);
    for (const node of ["a", "b"]) add(joins, node, 1, node);
    add(joins, "a", 2, "a");
    expect(givenUp).toBe(0);
    add(joins, "c", 1, "c");
    expect(givenUp).toBe(1);
    expect(add(joins, "a", 3, "!")).toBe("whole: aa!");
    expect(add(joins, "b", 2, "b")).toBe("missing-part");
  });

  it("counts those that are done among nobody's bound", () => {
    const joins = new Joins(2, 100);
    for (const node of ["a", "b", "c", "d"]) add(joins, node, 1, node, { count: 1 });
    add(joins, "d", 1, "x", { id: 2 });
    add(joins, "e", 1, "x");
    expect([2, 3].map((index) => add(joins, "d", index, "x", { id: 2 }))).toEqual(["waiting", "whole: xxx"]);
  });
});
