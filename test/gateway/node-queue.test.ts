import { array, assert, integer, nat, oneof, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import { NodeQueue, sizeOfMessage } from "../../src/gateway/node-queue.ts";
import type { QueueEntry } from "../../src/gateway/index.ts";

const roomy = { messages: 10, bytes: 100 };

function entry(id: number, rest: Partial<QueueEntry> = {}): QueueEntry {
  return { id, size: 10, priority: 4, expiresAt: Infinity, supersededBy: 0, ...rest };
}

function queueOf(...entries: QueueEntry[]): NodeQueue {
  return new NodeQueue(0, entries);
}

describe("NodeQueue", () => {
  it("gives what came first first", () => {
    const queue = queueOf(entry(0), entry(1), entry(2));
    expect([queue.first(2), queue.first(10), queue.size, queue.bytes]).toEqual([[0, 1], [0, 1, 2], 3, 30]);
  });

  it("goes on with the number behind the highest it has seen", () => {
    expect(new NodeQueue(7).nextId).toBe(7);
    expect(new NodeQueue(7, [entry(9)]).nextId).toBe(10);
    const queue = queueOf(entry(0), entry(1));
    queue.remove(1);
    expect(queue.nextId).toBe(2);
  });

  it("gives the higher priority first, and the older one first among equals", () => {
    const queue = queueOf(entry(0), entry(1, { priority: 9 }), entry(2), entry(3, { priority: 9 }));
    queue.admit(entry(4, { priority: 0 }), roomy);
    expect(queue.first(10)).toEqual([1, 3, 0, 2, 4]);
  });

  it("lets the oldest go when as many wait as may", () => {
    const queue = queueOf(entry(0), entry(1), entry(2));
    expect(queue.admit(entry(3), { messages: 3, bytes: 100 })).toEqual({ superseded: [], dropped: [0] });
    expect([queue.first(10), queue.bytes]).toEqual([[1, 2, 3], 30]);
  });

  it("lets as many go as it takes to have room for the bytes", () => {
    const queue = queueOf(entry(0, { size: 40 }), entry(1, { size: 40 }), entry(2, { size: 20 }));
    expect(queue.admit(entry(3, { size: 50 }), roomy)?.dropped).toEqual([0, 1]);
    expect([queue.first(10), queue.bytes]).toEqual([[2, 3], 70]);
  });

  it("lets the lowest priority go first, and never one above the newcomer's", () => {
    const queue = queueOf(entry(0, { priority: 9 }), entry(1), entry(2, { priority: 1 }));
    const bounds = { messages: 3, bytes: 100 };
    expect(queue.admit(entry(3), bounds)?.dropped).toEqual([2]);
    expect(queue.admit(entry(4), bounds)?.dropped).toEqual([1]);
    expect(queue.admit(entry(5, { priority: 0 }), bounds)).toBeUndefined();
    expect(queue.first(10)).toEqual([0, 3, 4]);
  });

  it("refuses what can never fit, and lets nothing go for it", () => {
    const queue = queueOf(entry(0, { supersededBy: 5 }));
    expect(queue.admit(entry(1, { size: 101, supersededBy: 5 }), roomy)).toBeUndefined();
    expect([queue.first(10), queue.bytes]).toEqual([[0], 10]);
  });

  it("lets a newer message take the place of those on its topic, and needs no room for that", () => {
    const queue = queueOf(entry(0, { supersededBy: 5 }), entry(1), entry(2, { supersededBy: 6 }));
    const displaced = queue.admit(entry(3, { supersededBy: 5 }), { messages: 3, bytes: 30 });
    expect(displaced).toEqual({ superseded: [0], dropped: [] });
    expect(queue.first(10)).toEqual([1, 2, 3]);
  });

  it("takes off any message, once", () => {
    const queue = queueOf(entry(7), entry(8), entry(9));
    expect([queue.remove(8), queue.remove(8), queue.remove(6), queue.has(7), queue.has(8)]).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
    expect([queue.first(10), queue.bytes]).toEqual([[7, 9], 20]);
  });

  it("knows whose time is over, and when the next one's is", () => {
    const queue = queueOf(entry(0, { expiresAt: 500 }), entry(1), entry(2, { expiresAt: 400 }));
    expect([queue.expired(399), queue.expired(400), queue.expired(1000)]).toEqual([[], [2], [0, 2]]);
    expect([queue.firstExpiry(), new NodeQueue().firstExpiry()]).toEqual([400, Infinity]);
  });

  it("becomes what it would be under new bounds", () => {
    const queue = queueOf(entry(0), entry(1, { supersededBy: 5 }), entry(2), entry(3, { supersededBy: 5 }));
    expect(queue.settle({ messages: 2, bytes: 100 })).toEqual({ superseded: [1], dropped: [0] });
    expect([queue.first(10), queue.bytes, queue.nextId]).toEqual([[2, 3], 20, 4]);
  });

  it("does what a plain list would do, for any schedule", () => {
    const bounds = { messages: 6, bytes: 50 };
    const step = oneof(
      record({
        size: integer({ min: 1, max: 60 }),
        priority: integer({ min: 0, max: 3 }),
        supersededBy: integer({ min: 0, max: 2 }),
      }),
      record({ remove: nat(5) }),
    );
    assert(
      property(array(step, { maxLength: 60 }), (steps) => {
        const queue = new NodeQueue();
        let model: QueueEntry[] = [];
        for (const one of steps) {
          if ("remove" in one) {
            const id = model[one.remove]?.id ?? -1;
            expect(queue.remove(id)).toBe(id >= 0);
            model = model.filter((waiting) => waiting.id !== id);
          } else {
            const next = entry(queue.nextId, one);
            const displaced = queue.admit(next, bounds);
            const expected = admitTo(model, next, bounds);
            expect(displaced === undefined).toBe(expected === undefined);
            model = expected ?? model;
          }
          expect(queue.first(100)).toEqual(model.map(({ id }) => id));
          expect(queue.bytes).toBe(model.reduce((sum, { size }) => sum + size, 0));
        }
      }),
      { seed: Number(process.env["MOTEQ_SEED"] ?? Date.now() & 0xffff) },
    );
  });
});

/** The rules once more, as plainly as can be. */
function admitTo(
  list: readonly QueueEntry[],
  next: QueueEntry,
  bounds: typeof roomy,
): QueueEntry[] | undefined {
  let kept = list.filter(({ supersededBy }) => next.supersededBy === 0 || supersededBy !== next.supersededBy);
  const fits = (entries: readonly QueueEntry[]) =>
    entries.length < bounds.messages &&
    entries.reduce((sum, { size }) => sum + size, next.size) <= bounds.bytes;
  while (!fits(kept)) {
    const candidates = kept.filter(({ priority }) => priority <= next.priority);
    const [victim] = candidates.toSorted((one, two) => one.priority - two.priority || one.id - two.id);
    if (!victim) return undefined;
    kept = kept.filter((one) => one !== victim);
  }
  return [...kept, next].toSorted((one, two) => two.priority - one.priority || one.id - two.id);
}

describe("sizeOfMessage", () => {
  it("counts bytes of topic and payload", () => {
    expect(sizeOfMessage({ topic: "tür", payload: encodeUtf8("12") })).toBe(6);
  });
});
