import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, createSeededRandom, encodeUtf8, randomInteger, toHex } from "../../src/base/index.ts";
import {
  decodeSerialPacket,
  encodeSerialFrame,
  encodeSerialPacket,
  SerialFrameReader,
  type SerialPacket,
} from "../../src/wire/index.ts";

describe("serial frames", () => {
  it("are read as they were written, however they are chunked, and hold no zero but the last", () => {
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      // Runs about as long as one byte of stuffing can announce.
      fc.tuple(fc.integer({ min: 246, max: 260 }), fc.boolean()).map(([length, zero]) => {
        const bytes = new Uint8Array(length).fill(7);
        if (zero) bytes[length - 1] = 0;
        return bytes;
      }),
    );
    fc.assert(
      fc.property(fc.array(content, { maxLength: 5 }), fc.integer({ min: 1, max: 300 }), (contents, size) => {
        const frames = contents.map((one, index) => encodeSerialFrame(one, index % 2 === 0));
        for (const [index, frame] of frames.entries()) {
          expect(frame.indexOf(0, index % 2 === 0 ? 1 : 0)).toBe(frame.length - 1);
        }
        for (const [index, one] of contents.entries()) {
          expect(frames[index]?.length).toBeLessThanOrEqual(one.length + 7 + (one.length + 4) / 254);
        }
        const reader = new SerialFrameReader(600);
        const line = concatBytes(frames);
        const read: Uint8Array[] = [];
        for (let start = 0; start < line.length; start += size) {
          read.push(...reader.read(line.subarray(start, start + size)));
        }
        expect(read.map(toHex)).toEqual(contents.map(toHex));
        expect(reader.faults.total()).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it("are in step again at the next zero after any garbage, and at once if they begin with one", () => {
    const reader = new SerialFrameReader(100);
    const garbage = encodeUtf8("MPY: soft reboot\r\n");
    const hello = encodeSerialFrame(encodeUtf8("hello"), true);
    expect(reader.read(concatBytes([garbage, hello])).map(toHex)).toEqual([toHex(encodeUtf8("hello"))]);
    const plain = encodeSerialFrame(encodeUtf8("hello"));
    expect(reader.read(concatBytes([garbage, plain, plain])).length).toBe(1);
    expect(reader.faults.total()).toBe(2);
  });

  it("are refused for a fixed set of reasons", () => {
    const cases: [string, number[]][] = [
      ["too-short", [1, 0]],
      ["bad-stuffing", [9, 1, 2, 0]],
      ["bad-sum", [6, 1, 2, 3, 4, 5, 0]],
      ["too-long", [...Array.from({ length: 200 }, () => 1), 0]],
    ];
    for (const [fault, bytes] of cases) {
      const reader = new SerialFrameReader(100);
      expect(reader.read(Uint8Array.from(bytes))).toEqual([]);
      expect(reader.faults.toJSON()).toEqual({ [fault]: 1 });
    }
  });

  it("never come out altered: every bit flipped, every byte lost and doubled, and a megabyte at random", () => {
    const random = createSeededRandom(20_261_121);
    const content = Uint8Array.from({ length: 60 }, () => randomInteger(random, 0, 3));
    const frame = encodeSerialFrame(content);
    const lines: Uint8Array[] = [];
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const flipped = Uint8Array.from(frame);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      lines.push(flipped);
    }
    for (let at = 0; at < frame.length; at++) {
      lines.push(concatBytes([frame.subarray(0, at), frame.subarray(at + 1)]));
      lines.push(concatBytes([frame.subarray(0, at + 1), frame.subarray(at)]));
    }
    for (let piece = 0; piece < 1000; piece++) {
      lines.push(Uint8Array.from({ length: 1000 }, () => randomInteger(random, 0, 255)));
    }
    const reader = new SerialFrameReader(300);
    for (const line of lines) {
      for (const read of reader.read(line)) expect(toHex(read)).toBe(toHex(content));
      reader.read(Uint8Array.of(0));
    }
    expect(reader.faults.total()).toBeGreaterThan(1000);
  });
});

describe("serial packets", () => {
  const byte = fc.integer({ min: 0, max: 255 });
  const word = fc.integer({ min: 0, max: 0xffff_ffff });

  it("are read as they were written", () => {
    const packet = fc.oneof(
      fc.record({
        type: fc.constantFrom("hello" as const, "welcome" as const),
        version: fc.integer({ min: 1, max: 255 }),
        instance: fc.integer({ min: 1, max: 0xffff_ffff }),
        echo: word,
        window: fc.integer({ min: 1, max: 127 }),
        maximumData: fc.integer({ min: 1, max: 65_535 }),
        maximumMessage: word,
        about: fc.string({ maxLength: 60 }),
      }),
      fc.record({
        type: fc.constant("data" as const),
        more: fc.boolean(),
        sequence: byte,
        expected: byte,
        bytes: fc.uint8Array({ maxLength: 40 }),
      }),
      fc.record({
        type: fc.constantFrom("acknowledge" as const, "repeat" as const, "poll" as const),
        expected: byte,
      }),
    );
    fc.assert(
      fc.property(packet, (one: SerialPacket) => {
        expect(decodeSerialPacket(encodeSerialPacket(one))).toEqual(one);
      }),
      { numRuns: 1000 },
    );
  });

  it("are refused without a throw, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        decodeSerialPacket(bytes);
      }),
      { numRuns: 5000 },
    );
    for (const bytes of [[], [0], [8, 1], [3, 1], [5], [5, 1, 1], [1, 1, 1], new Uint8Array(17).fill(0, 1)]) {
      expect(decodeSerialPacket(Uint8Array.from(bytes))).toBeUndefined();
    }
  });
});
