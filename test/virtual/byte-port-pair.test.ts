import { describe, expect, it } from "vitest";
import { createBytePortPair, VirtualClock } from "../../src/virtual/index.ts";
import { PortRecorder, testBytePorts } from "../support/byte-port-conformance.ts";

describe("a pair of byte ports in memory", () => {
  testBytePorts(() => {
    const { left, right } = createBytePortPair();
    return Promise.resolve({ near: left, far: right, [Symbol.asyncDispose]: () => Promise.resolve() });
  });

  it("takes the time it was told to", async () => {
    const clock = new VirtualClock();
    const { left, right } = createBytePortPair({ clock, latencyMs: 30 });
    const recorder = new PortRecorder(right);
    left.write(Uint8Array.of(1));
    await clock.advance(29);
    expect(recorder.pieces).toEqual([]);
    await clock.advance(1);
    expect(recorder.pieces).toEqual([Uint8Array.of(1)]);
  });

  it("loses what is on its way when it is cut, and both ends hear of an error", async () => {
    const pair = createBytePortPair();
    const left = new PortRecorder(pair.left);
    const right = new PortRecorder(pair.right);
    pair.left.write(Uint8Array.of(1));
    pair.cut();
    await left.until(() => left.closed.length > 0);
    await right.until(() => right.closed.length > 0);
    expect(right.pieces).toEqual([]);
    expect(left.closed[0]?.error).toBeInstanceOf(Error);
    expect(right.closed[0]?.error).toBeInstanceOf(Error);
  });

  it("carries nothing more when it is frozen, and tells nobody", async () => {
    const clock = new VirtualClock();
    const pair = createBytePortPair();
    const left = new PortRecorder(pair.left);
    const right = new PortRecorder(pair.right);
    pair.freeze();
    pair.left.write(Uint8Array.of(1));
    pair.right.close("abort");
    await clock.advance(1000);
    expect([left.closed, right.pieces]).toEqual([[], []]);
    expect(right.closed).toHaveLength(1);
  });

  it("lets a test see, change and cut up what arrives", async () => {
    const { left, right } = createBytePortPair({
      onArrival: (bytes, at) =>
        at === "right" ? [...bytes].map((byte) => Uint8Array.of(byte + 1)) : [bytes],
    });
    const recorder = new PortRecorder(right);
    left.write(Uint8Array.of(1, 2));
    await recorder.until(() => recorder.pieces.length === 2);
    expect(recorder.pieces).toEqual([Uint8Array.of(2), Uint8Array.of(3)]);
  });
});
