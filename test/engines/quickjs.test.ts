import { beforeAll, describe, expect, it } from "vitest";
import { type Bundle, bundle } from "../support/bundle.ts";
import { QuickJsEngine } from "./quickjs-engine.ts";

const kilobyte = 1024;

describe("the client for a small engine", () => {
  it("takes no more than it may, minified and gzipped", async () => {
    const { gzipped, minified } = await bundle('export { connect } from "/src/mqtt/index.ts";', "esm");
    console.log(`the client: ${minified} bytes minified, ${gzipped} gzipped`);
    expect(gzipped).toBeLessThanOrEqual(17.5 * kilobyte);
  });
});

describe.each([4, 5] as const)("in QuickJS, version %i", (version) => {
  let program: Bundle;
  beforeAll(async () => {
    program = await bundle('export { createProgram } from "/test/engines/program.ts";', "iife");
  });

  it("connects, subscribes to ten filters, exchanges a thousand messages at QoS 1", async () => {
    using engine = await QuickJsEngine.create(program.code, version);
    const { surroundings } = engine;
    engine.call("start", version);
    await surroundings.live(10);
    expect(surroundings.said).toEqual(["subscribed"]);
    const { codeBytes, heapBytes } = engine;
    console.log(
      `heap: ${heapBytes} bytes, of which the code ${codeBytes}, the client ${heapBytes - codeBytes}`,
    );
    expect(heapBytes - codeBytes).toBeLessThanOrEqual(64 * kilobyte);

    engine.call("exchange", 1000);
    await surroundings.live(1000);
    engine.call("exchange", 0);
    await surroundings.live(1000);
    expect(surroundings.said.at(-1)).toBe("published 0, received 1000");
    // What was exchanged leaves nothing behind.
    await surroundings.live(60_000);
    expect(engine.heapBytes - codeBytes).toBeLessThanOrEqual(64 * kilobyte);
  });
});
