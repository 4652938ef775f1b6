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

  it("gives up the one begun first when too many are under way", () => {
    const joins = new Joins(2, 100);
    for (const node of ["a", "b", "c"]) add(joins, node, 1, node);
    expect(joins.size).toBe(2);
    expect(add(joins, "b", 2, "b")).toBe("waiting");
    expect(add(joins, "a", 2, "a")).toBe("missing-part");
  });
});
