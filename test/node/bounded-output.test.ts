import { once } from "node:events";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { boundOutput } from "../../src/node/bounded-output.ts";

describe("what nobody reads of the output", () => {
  it("waits up to a bound; beyond that it is dropped, and said how much", async () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    boundOutput(stream, 10);
    let called = 0;
    for (let index = 0; index < 1000; index++) stream.write(`${index} `, () => called++);
    expect(stream.readableLength + stream.writableLength).toBeLessThan(30);
    stream.setEncoding("utf8");
    let read = "";
    stream.on("data", (text: string) => (read += text));
    await once(stream, "drain");
    stream.write("last", "utf8");
    stream.end();
    await once(stream, "end");
    expect(read).toMatch(/^0 1 2 .*\nmoteq: \d+ bytes of output were dropped, since nobody read them\nlast$/);
    expect(called).toBe(1000);
    const [, dropped = ""] = /(\d+) bytes/.exec(read) ?? [];
    const kept = read.slice(0, read.indexOf("\nmoteq"));
    const all = Array.from({ length: 1000 }, (_, index) => `${index} `).join("");
    expect(kept.length + Number(dropped)).toBe(all.length);
  });
});
