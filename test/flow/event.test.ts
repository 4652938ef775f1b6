import { describe, expect, it } from "vitest";
import { fieldsOf, formatEvent, formatTuple, output, outputCount, parseEvent } from "../../src/flow/index.ts";
import { flowErrors } from "../../src/flow/index.ts";

describe("events as JSON arrays", () => {
  it("are what ThingFlow's sensors send", () => {
    const event = { id: "lux-1", time: 1_795_174_724_020, value: 284.1 };
    expect(formatEvent(event)).toBe('["lux-1", 1795174724.02, 284.1]');
  });

  it.each([
    { id: "lux-1", time: 1_795_174_724_020, value: 284.1 },
    { id: 'a "quote" ü', time: 0, value: "text" },
    { id: "", time: 1_795_174_724_999, value: { thermometer: { temperature: -3.5 } } },
    { id: "flag", time: 1, value: null },
  ])("come back as they went: %j", (event) => {
    expect(parseEvent(formatEvent(event))).toEqual(event);
  });

  it.each(["", "[", "{}", '["a", 1]', '["a", "b", 1]', "[1, 2, 3]", '["a", 1, 2, 3]', "null"])(
    "%j is none",
    (text) => {
      expect(parseEvent(text)).toBeUndefined();
    },
  );
});

describe("output", () => {
  it("prints tuples as Python does, faults in words, and anything else as JSON", () => {
    const lines: string[] = [];
    const printer = output<unknown>((line) => lines.push(line));
    printer.next({ id: "lux-1", time: 611_000, value: 284.1312 });
    printer.next({ id: "s", time: 1, fault: flowErrors.create("flow/sensor-failed", "it is gone") });
    printer.next({ a: 1 });
    printer.next("text");
    printer.error(new Error("the end"));
    expect(lines).toEqual([
      "('lux-1', 611, 284.1312)",
      "s: it is gone",
      '{"a":1}',
      "text",
      "failed: the end",
    ]);
    expect(formatTuple({ id: "s", time: 1500, value: "on" })).toBe("('s', 1.5, 'on')");
  });

  it("counts", () => {
    const lines: string[] = [];
    const [whole, broken] = [
      outputCount((line) => lines.push(line)),
      outputCount((line) => lines.push(line)),
    ];
    whole.next(1);
    whole.next(2);
    whole.complete();
    broken.error(new Error("boom"));
    expect(lines).toEqual(["2 events", "0 events, then it failed: boom"]);
  });
});

describe("fieldsOf", () => {
  it("names the parts of an object by their place, and leaves out what is no field", () => {
    expect(fieldsOf(5)).toEqual([["value", 5]]);
    expect(fieldsOf({ a: { b: 1, c: "x" }, d: true, e: null, f: undefined })).toEqual([
      ["a.b", 1],
      ["a.c", "x"],
      ["d", true],
    ]);
    expect(fieldsOf(null)).toEqual([]);
  });
});
