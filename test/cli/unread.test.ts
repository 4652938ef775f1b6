import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { printBounded } from "../../src/cli/board/unread.ts";

describe("output that nobody reads", () => {
  it("is dropped from a mebibyte on, and how much it was is said when it is read again", () => {
    // What it has taken over from `write` does not count: PassThrough takes 16 KiB.
    const stream = new PassThrough();
    const print = printBounded(stream);
    const text = "x".repeat(100_000);
    for (let round = 0; round < 100; round++) print(text);
    expect(stream.writableLength).toBeLessThan(1_200_000);
    let read = 0;
    for (let bytes = stream.read() as Buffer | null; bytes; bytes = stream.read() as Buffer | null) {
      read += bytes.length;
    }
    print("again");
    const last = String(stream.read());
    expect(last).toBe(
      `\nmoteq: ${10_000_000 - read} bytes of output were dropped, since nobody read them\nagain`,
    );
  });
});
