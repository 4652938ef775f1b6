import { once } from "node:events";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { boundOutput } from "../../src/node/board/bounded-output.ts";

describe("what an agent prints", () => {
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
    expect(read).toMatch(/^0 1 2 .*\n… 99\d pieces of output were dropped.*\nlast$/);
    expect(called).toBe(1000);
  });
});
