import { bufferTime } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  createClockScheduler,
  dispatch,
  flowErrors,
  onlyEvents,
  onlyFaults,
  periodicMedian,
  type SensorReading,
  slidingMean,
  supplyWhenSilent,
  transduce,
} from "../../src/flow/index.ts";
import { eventsOf, runMarbles } from "./marbles.ts";

describe("slidingMean", () => {
  it("gives the mean of the last three, and of fewer at the start", () => {
    runMarbles(({ cold, expectObservable }) => {
      const source = cold("-a-b-c-d|", eventsOf({ a: 3, b: 5, c: 10, d: 30 }));
      const expected = eventsOf({ a: 3, b: 4, c: 6, d: 15 });
      expectObservable(source.pipe(slidingMean(3))).toBe("-a-b-c-d|", expected);
    });
  });

  it("passes an error on and refuses a count that is none", () => {
    runMarbles(({ cold, expectObservable }) => {
      expectObservable(cold("-#").pipe(slidingMean(2) as never)).toBe("-#");
    });
    expect(() => slidingMean(0)).toThrow(
      expect.objectContaining({
        code: "flow/bad-option",
        message: expect.stringContaining("got 0") as string,
      }),
    );
  });
});

describe("periodicMedian", () => {
  it("gives one event for every three, and one for the rest", () => {
    runMarbles(({ cold, expectObservable }) => {
      const source = cold("abcdef-gh-|", eventsOf({ a: 9, b: 1, c: 5, d: 2, e: 4, f: 3, g: 7, h: 8 }));
      const expected = eventsOf({ x: 5, y: 3, z: 7.5 });
      expectObservable(source.pipe(periodicMedian(3))).toBe("--x--y----(z|)", expected);
    });
  });

  it("gives nothing for nothing", () => {
    runMarbles(({ cold, expectObservable }) => {
      expectObservable(cold("--|").pipe(periodicMedian() as never)).toBe("--|");
    });
  });
});

/** Adds up to five, and tells the sum at the end. */
function countUp() {
  let count = 0;
  return { step: (step: number) => ((count += step) > 5 ? undefined : count), complete: () => -count };
}

function failing() {
  return {
    step(): never {
      throw "boom" as unknown as Error;
    },
  };
}

describe("transduce", () => {
  it("has a state of its own for each subscription", () => {
    runMarbles(({ cold, expectObservable }) => {
      const counted = cold("a-a-a|", { a: 2 }).pipe(transduce(countUp));
      expectObservable(counted).toBe("a-b--(c|)", { a: 2, b: 4, c: -6 });
      expectObservable(counted).toBe("a-b--(c|)", { a: 2, b: 4, c: -6 });
    });
  });

  it("fails when its step does", () => {
    runMarbles(({ cold, expectObservable }) => {
      expectObservable(cold("-a-a|").pipe(transduce(failing))).toBe("-#", {}, "boom");
    });
  });
});

describe("supplyWhenSilent", () => {
  it("gives an item of its own again and again until another comes", () => {
    runMarbles(({ cold, expectObservable, clock }) => {
      const source = cold("-a--b---------c|");
      const supplied = source.pipe(
        supplyWhenSilent({
          clock,
          afterMs: 4,
          supply: (last, silentMs) => `${last ?? "nothing"} ${silentMs}`,
        }),
      );
      expectObservable(supplied).toBe("-a--b---x---y-c|", { a: "a", b: "b", c: "c", x: "b 4", y: "b 8" });
    });
  });

  it("speaks although nothing ever came, and not after the end", () => {
    runMarbles(({ cold, expectObservable, clock }) => {
      const supplied = cold("------|").pipe(
        supplyWhenSilent({ clock, afterMs: 4, supply: (last) => last ?? "none" }),
      );
      expectObservable(supplied).toBe("----x-|", { x: "none" });
    });
  });
});

describe("dispatch", () => {
  it("sends each item to the first stream whose condition it meets, and reads the source once", () => {
    runMarbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot("-a-b-c-d|", { a: 1, b: 50, c: -3, d: 60 });
      const { matches, others } = dispatch(source, [(n) => n > 40, (n) => n > 0]);
      expectObservable(matches[0] as never).toBe("---b---d|", { b: 50, d: 60 });
      expectObservable(matches[1] as never).toBe("-a------|", { a: 1 });
      expectObservable(others).toBe("-----c--|", { c: -3 });
      expectSubscriptions(source.subscriptions).toBe("^-------!");
    });
  });

  it("fails all streams when a condition throws", () => {
    runMarbles(({ hot, expectObservable }) => {
      const { others } = dispatch(hot("-a-|"), [
        () => {
          throw "boom" as unknown as Error;
        },
      ]);
      expectObservable(others).toBe("-#", {}, "boom");
    });
  });
});

describe("onlyEvents and onlyFaults", () => {
  it("part what was measured from what was not", () => {
    runMarbles(({ cold, expectObservable }) => {
      const fault = { id: "s", time: 1, fault: flowErrors.create("flow/sensor-failed", "gone") };
      const event = { id: "s", time: 2, value: 3 };
      const source = cold<SensorReading>("-f-e|", { f: fault, e: event });
      expectObservable(source.pipe(onlyEvents())).toBe("---e|", { e: event });
      expectObservable(source.pipe(onlyFaults())).toBe("-f--|", { f: fault });
    });
  });
});

describe("createClockScheduler", () => {
  it("lets rxjs's own time operators run on the clock", () => {
    runMarbles(({ cold, expectObservable, clock }) => {
      const buffered = cold("-a-bcd-----e|").pipe(bufferTime(5, null, 3, createClockScheduler(clock)));
      expectObservable(buffered).toBe("----x----y--(z|)", { x: ["a", "b", "c"], y: ["d"], z: ["e"] });
    });
  });
});
