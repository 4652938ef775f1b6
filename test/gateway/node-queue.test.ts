import { describe, expect, it } from "vitest";
import { encodeUtf8 } from "../../src/base/index.ts";
import { NodeQueue, sizeOfMessage } from "../../src/gateway/node-queue.ts";

describe("NodeQueue", () => {
  it("gives sequence numbers that rise one by one", () => {
    const queue = new NodeQueue();
    expect([queue.admit(5, 10, 100), queue.admit(6, 10, 100)]).toEqual([
      { sequence: 0, evicted: 0 },
      { sequence: 1, evicted: 0 },
    ]);
    expect([queue.size, queue.bytes]).toEqual([2, 11]);
  });

  it("lets the oldest go when as many wait as may", () => {
    const queue = new NodeQueue(100, [1, 2, 3]);
    expect(queue.admit(4, 3, 100)).toEqual({ sequence: 103, evicted: 1 });
    expect([queue.firstSequence, queue.size, queue.bytes]).toEqual([101, 3, 9]);
  });

  it("lets as many go as it takes to have room for the bytes", () => {
    const queue = new NodeQueue(0, [40, 40, 20]);
    expect(queue.admit(50, 10, 100)).toEqual({ sequence: 3, evicted: 2 });
    expect([queue.firstSequence, queue.size, queue.bytes]).toEqual([2, 2, 70]);
  });

  it("refuses what can never fit, and lets nothing go for it", () => {
    const queue = new NodeQueue(0, [40]);
    expect(queue.admit(101, 10, 100)).toBeUndefined();
    expect([queue.firstSequence, queue.size, queue.bytes]).toEqual([0, 1, 40]);
  });

  it("lets more than one go when it holds more than it may, after its limit was lowered", () => {
    const queue = new NodeQueue(0, [1, 1, 1, 1, 1]);
    expect(queue.admit(1, 2, 100)).toEqual({ sequence: 5, evicted: 4 });
  });

  it("takes off the oldest only, by its number", () => {
    const queue = new NodeQueue(7, [1, 1]);
    expect([queue.remove(8), queue.remove(6), queue.remove(7), queue.remove(7), queue.remove(8)]).toEqual([
      false,
      false,
      true,
      false,
      true,
    ]);
    expect([queue.remove(9), queue.size, queue.firstSequence]).toEqual([false, 0, 9]);
  });

  it("goes on counting after it was cleared", () => {
    const queue = new NodeQueue(7, [1, 1]);
    expect(queue.clear()).toBe(2);
    expect([queue.size, queue.bytes, queue.admit(1, 1, 1)?.sequence]).toEqual([0, 0, 9]);
  });
});

describe("sizeOfMessage", () => {
  it("counts bytes of topic and payload", () => {
    expect(sizeOfMessage({ topic: "tür", payload: encodeUtf8("12") })).toBe(6);
  });
});
