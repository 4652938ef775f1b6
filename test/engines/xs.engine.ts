import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../house/imports.ts";
import { bundle } from "../support/bundle.ts";
import { XsEngine } from "./xs-engine.ts";

/** Where `npm run engines` puts it. */
const folder = join(root, "node_modules/.engines");
const native = "node_modules/@agoric/xsnap/xsnap-native/xsnap/build/bin";
const system = { darwin: "mac", linux: "lin", win32: "win" }[process.platform as "linux"];

describe.each([4, 5] as const)("in XS, version %i (real)", (version) => {
  it("connects, subscribes to ten filters, exchanges a thousand messages at QoS 1", async () => {
    const { code } = await bundle('export { createProgram } from "/test/engines/program.ts";', "iife");
    await using engine = await XsEngine.create(
      join(folder, native, system, "release/xsnap-worker"),
      code,
      version,
    );
    const { surroundings } = engine;
    await engine.call("start", version);
    await surroundings.live(10);
    expect(surroundings.said).toEqual(["subscribed"]);
    await engine.call("exchange", 1000);
    await surroundings.live(1000);
    await engine.call("exchange", 0);
    await surroundings.live(1000);
    expect(surroundings.said.at(-1)).toBe("published 0, received 1000");
  }, 60_000);
});
