import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  assertTopicFilter,
  assertTopicName,
  faultOfTopicFilter,
  faultOfTopicName,
  FilterTrie,
  matchesFilter,
} from "../../src/topics/index.ts";

const level = fc.constantFrom("a", "b", "", "$x");
const name = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant("+")), { maxLength: 4 }), fc.constantFrom("a", "+", "#"))
  .map(([levels, last]) => [...levels, last].join("/"));

describe("topic filters", () => {
  it.each([
    ["sport/tennis/player1/#", "sport/tennis/player1", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
    ["sport/#", "sport", true],
    ["sport/tennis/+", "sport/tennis/player1/ranking", false],
    ["sport/+", "sport", false],
    ["sport/+", "sport/", true],
    ["+/+", "/finance", true],
    ["/+", "/finance", true],
    ["+", "/finance", false],
    ["#", "$SYS/x", false],
    ["+/monitor", "$SYS/monitor", false],
    ["$SYS/#", "$SYS/monitor", true],
  ])("%s matches %s: %s (MQTT 3.1.1, 4.7)", (given, topic, expected) => {
    expect(matchesFilter(given, topic)).toBe(expected);
  });

  it("find the same values in a trie as one by one", () => {
    fc.assert(
      fc.property(
        fc.array(filter, { maxLength: 12 }),
        fc.array(filter, { maxLength: 4 }),
        name,
        (added, removed, topic) => {
          const trie = new FilterTrie<string>();
          for (const one of added) trie.add(one, one);
          const held = new Set(added);
          for (const one of removed) expect(trie.delete(one, one)).toBe(held.delete(one));
          const expected = [...held].filter((one) => matchesFilter(one, topic));
          expect([...trie.match(topic)].toSorted()).toEqual(expected.toSorted());
        },
      ),
    );
  });

  it.each(["", "a\0b", "a+", "a/+b", "#/a", "a#", "a/b#"])("%j is none", (given) => {
    expect(faultOfTopicFilter(given)).toBeDefined();
    expect(() => assertTopicFilter(given)).toThrow(
      expect.objectContaining({ code: "topics/bad-filter" }) as Error,
    );
  });

  it.each(["", "a/+", "#", "a\0", "x".repeat(65_536), "é".repeat(32_768)])("%.10j is no name", (given) => {
    expect(faultOfTopicName(given)).toBeDefined();
    expect(() => assertTopicName(given)).toThrow(
      expect.objectContaining({ code: "topics/bad-name" }) as Error,
    );
  });

  it("may be as long as MQTT allows", () => {
    expect([
      faultOfTopicName("x".repeat(65_535)),
      faultOfTopicFilter("+/a/#"),
      faultOfTopicName("/"),
    ]).toEqual([undefined, undefined, undefined]);
  });
});
