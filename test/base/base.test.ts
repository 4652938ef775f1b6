import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AsyncQueue,
  concatBytes,
  Counters,
  createBackoff,
  createSeededRandom,
  decodeUtf8,
  defineErrors,
  encodeUtf8,
  equalBytes,
  fromHex,
  MoteqError,
  onAbort,
  randomInteger,
  Ring,
  show,
  sleep,
  toHex,
  utf8Length,
  withAbort,
} from "../../src/base/index.ts";
import { VirtualClock } from "../../src/virtual/index.ts";

describe("UTF-8", () => {
  it("is written as TextEncoder does, lone surrogates included", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.array(fc.integer({ min: 0, max: 0xffff })),
        (text, units) => {
          for (const one of [text, String.fromCharCode(...units)]) {
            expect(toHex(encodeUtf8(one))).toBe(toHex(new TextEncoder().encode(one)));
            expect(utf8Length(one)).toBe(new TextEncoder().encode(one).length);
          }
        },
      ),
    );
  });

  it("is read as a strict TextDecoder does, or not at all", () => {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const read = (bytes: Uint8Array) => {
      try {
        return strict.decode(bytes);
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.string({ unit: "binary" }), (bytes, text) => {
        expect(decodeUtf8(bytes)).toBe(read(bytes));
        expect(decodeUtf8(encodeUtf8(text))).toBe(read(encodeUtf8(text)));
      }),
      { numRuns: 2000 },
    );
    for (const hex of ["c080", "e08080", "eda080", "f4908080", "f8", "80", "e282", "efbbbf41"]) {
      const bytes = fromHex(hex) ?? new Uint8Array();
      expect([hex, decodeUtf8(bytes)]).toEqual([hex, read(bytes)]);
    }
  });
});

describe("bytes", () => {
  it("are joined, compared, and written as hexadecimal", () => {
    expect(toHex(concatBytes([new Uint8Array([1]), new Uint8Array(), new Uint8Array([0xab, 0])]))).toBe(
      "01ab00",
    );
    expect(fromHex("01AB00")).toEqual(new Uint8Array([1, 0xab, 0]));
    expect([fromHex("0"), fromHex("0g")]).toEqual([undefined, undefined]);
    expect([
      equalBytes(new Uint8Array([1]), new Uint8Array([1])),
      equalBytes(new Uint8Array([1]), new Uint8Array([2])),
    ]).toEqual([true, false]);
  });
});

describe("a ring", () => {
  it("keeps order and limit whatever is done to it, as an array would", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.constantFrom("push", "evict", "shift")),
        (limit, steps) => {
          const ring = new Ring<number>(limit);
          const model: number[] = [];
          for (const [item, step] of steps.entries()) {
            if (step === "push") {
              expect(ring.push(item)).toBe(model.length < limit);
              if (model.length < limit) model.push(item);
            } else if (step === "evict") {
              expect(ring.pushEvicting(item)).toBe(model.length === limit ? model.shift() : undefined);
              model.push(item);
            } else expect(ring.shift()).toBe(model.shift());
            expect([[...ring], ring.size, ring.peek()]).toEqual([model, model.length, model[0]]);
          }
        },
      ),
    );
  });
});

describe("an async queue", () => {
  it("hands over in order, drops the oldest at its limit, and counts that", async () => {
    const queue = new AsyncQueue<number>(2);
    for (const item of [0, 1, 2]) queue.push(item);
    queue.end();
    const seen: number[] = [];
    for await (const item of queue) seen.push(item);
    expect([seen, queue.dropped]).toEqual([[1, 2], 1]);
  });

  it("passes on items that are false, and throws the error it ended with", async () => {
    const queue = new AsyncQueue<number>(5);
    const first = queue.next();
    queue.push(0);
    expect(await first).toEqual({ done: false, value: 0 });
    const waiting = queue.next();
    queue.end(new Error("over"));
    await expect(waiting).rejects.toThrow("over");
    await expect(queue.next()).rejects.toThrow("over");
  });

  it("lets a waiting reader go when told to, without losing the next item", async () => {
    const queue = new AsyncQueue<string>(5);
    const controller = new AbortController();
    const waiting = queue.next(controller.signal);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    queue.push("kept");
    expect(await queue.next()).toEqual({ done: false, value: "kept" });
  });
});

describe("delays between attempts", () => {
  it("grow to their limit, scattered over half of each step, and begin anew", () => {
    const backoff = createBackoff(createSeededRandom(1), { minimumMs: 100, maximumMs: 1000, factor: 2 });
    for (const step of [100, 200, 400, 800, 1000, 1000]) {
      const delay = backoff.next();
      expect(delay).toBeGreaterThanOrEqual(step / 2);
      expect(delay).toBeLessThanOrEqual(step);
    }
    backoff.reset();
    expect(backoff.next()).toBeLessThanOrEqual(100);
  });
});

describe("waits", () => {
  it("end with the signal's reason, and leave no timer and no listener", async () => {
    const clock = new VirtualClock();
    const controller = new AbortController();
    const sleeping = sleep(clock, 1000, controller.signal);
    const waiting = withAbort(new Promise(() => {}), controller.signal);
    let told = 0;
    const release = onAbort(controller.signal, () => told++);
    release();
    onAbort(controller.signal, () => told++);
    controller.abort(new Error("enough"));
    await expect(sleeping).rejects.toThrow("enough");
    await expect(waiting).rejects.toThrow("enough");
    await expect(sleep(clock, 1, controller.signal)).rejects.toThrow("enough");
    expect(told).toBe(1);
    await clock.advance(2000);
  });
});

describe("errors", () => {
  const errors = defineErrors({
    "test/bad": { fault: "caller", meaning: "…" },
    "test/worse": { fault: "peer", meaning: "…" },
  });

  it("carry code, fault, detail and cause, and are told apart", () => {
    const cause = new Error("why");
    const error = errors.create("test/bad", "got 7", { detail: { got: 7 }, cause });
    expect(error).toBeInstanceOf(MoteqError);
    expect(error).toMatchObject({
      code: "test/bad",
      fault: "caller",
      message: "got 7",
      detail: { got: 7 },
      cause,
    });
    expect([errors.is(error), errors.is(error, "test/worse"), errors.is(cause)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("show what was received, shortened", () => {
    expect([show("a"), show(undefined), show(() => {}), show("x".repeat(99)).length]).toEqual([
      '"a"',
      "nothing",
      "function",
      60,
    ]);
  });
});

describe("counters and chance", () => {
  it("count by reason", () => {
    const counters = new Counters<"a" | "b">();
    counters.add("a");
    counters.add("a", 2);
    expect([counters.get("a"), counters.get("b"), counters.total(), JSON.stringify(counters)]).toEqual([
      3,
      0,
      3,
      '{"a":3}',
    ]);
  });

  it("give the same numbers for the same seed, spread over their range", () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    for (let digit = 0; digit < 10; digit++)
      expect(draw(7).filter((one) => one === digit).length).toBeGreaterThan(60);
  });
});

/** A thousand digits from one seed. */
function draw(seed: number): number[] {
  const random = createSeededRandom(seed);
  return Array.from({ length: 1000 }, () => randomInteger(random, 0, 9));
}
