import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../house/imports.ts";
import { bundle } from "../support/bundle.ts";
import { XsEngine, type XsHeap } from "./xs-engine.ts";

/** Where `npm run engines` puts it. */
const folder = join(root, "node_modules/.engines");
const native = "node_modules/@agoric/xsnap/xsnap-native/xsnap/build/bin";
const system = { darwin: "mac", linux: "lin", win32: "win" }[process.platform as "linux"];

const heapLimit = 48 * 1024;
/** With the buffers, kept for the next time, of a thousand messages published at once. */
const heapLimitAfterBurst = 96 * 1024;
/** The engine measured has 64 bits, and slots of 32 bytes; what is asked is what a microcontroller needs. */
const slotBytes = 16;

function bytesBetween(before: XsHeap, after: XsHeap): number {
  return (after.slots - before.slots) * slotBytes + after.chunkBytes - before.chunkBytes;
}

describe.each([4, 5] as const)("in XS, version %i (real)", (version) => {
  it("connects, subscribes to ten filters, exchanges a thousand messages at QoS 1", async () => {
    const program = await bundle('export { createProgram } from "/test/engines/program.ts";', "iife");
    await using engine = await XsEngine.create(
      join(folder, native, system, "release/xsnap-worker"),
      program.code,
      version,
    );
    const { surroundings } = engine;
    const code = await engine.measureHeap();
    await engine.call("start", version);
    await surroundings.live(10);
    expect(surroundings.said).toEqual(["subscribed"]);
    const client = bytesBetween(code, await engine.measureHeap());
    console.log(`heap: ${client} bytes for the client, as an engine of 32 bits has them`);
    expect(client).toBeLessThanOrEqual(heapLimit);

    await engine.call("exchange", 1000);
    await surroundings.live(1000);
    await engine.call("exchange", 0);
    await surroundings.live(1000);
    expect(surroundings.said.at(-1)).toBe("published 0, received 1000");
    await surroundings.live(60_000);
    const once = bytesBetween(code, await engine.measureHeap());
    console.log(`after a burst: ${once} bytes`);
    expect(once).toBeLessThanOrEqual(heapLimitAfterBurst);
    // The next leaves nothing more behind.
    await engine.call("exchange", 1000);
    await surroundings.live(61_000);
    expect(bytesBetween(code, await engine.measureHeap())).toBeLessThanOrEqual(once + 2048);
  }, 60_000);
});
