import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSeededRandom, randomInteger } from "../../src/base/index.ts";
import { decodeRequest, encodePacket, type Packet, PacketReader } from "../../src/mqtt/index.ts";
import { anyPacket } from "./packets.ts";
import { anyPacket5 } from "./packets5.ts";

const strings = 1_000_000;

describe.each([
  [4, anyPacket],
  [5, anyPacket5],
] as const)("a million byte strings, version %i", (version, any) => {
  it("give packets that can be written again, or are said to be none: nothing throws", () => {
    const seed = Number(process.env["MOTEQ_TEST_SEED"] ?? Date.now() % 1_000_000);
    const random = createSeededRandom(seed);
    const samples = fc
      .sample(any, { numRuns: 300, seed })
      .map((packet) => encodePacket(packet, version))
      .filter(({ length }) => length < 200);
    const counts = { packets: 0, malformed: 0 };
    const text = new Uint8Array(200);
    for (let index = 0; index < strings / 2; index++) {
      const bytes = index % 2 === 0 ? createNoise(random, text) : alter(random, samples);
      const reader = new PacketReader({
        decodeRequest,
        version,
        topicAliasMaximum: 5,
        maximumPacketBytes: 1000,
      });
      reader.push(bytes);
      for (let packet = reader.next(); packet; packet = reader.next()) {
        if (packet.type === "malformed") {
          counts.malformed++;
          break;
        }
        counts.packets++;
        if (index % 50 === 1) expectSame(packet, version, seed);
      }
    }
    expect(counts.packets).toBeGreaterThan(strings / 50);
    expect(counts.malformed).toBeGreaterThan(strings / 10);
  });
});

/** Noise behind a first byte and a length that could be those of a packet. */
function createNoise(random: { next(): number }, buffer: Uint8Array): Uint8Array {
  const length = randomInteger(random, 0, 30);
  for (let index = 0; index < length; index++) buffer[index] = random.next() * 256;
  if (length > 2 && random.next() < 0.8) buffer[1] = length - 2;
  return buffer.slice(0, length);
}

/** A packet with one to three of its bytes changed. */
function alter(random: { next(): number }, samples: readonly Uint8Array[]): Uint8Array {
  const bytes = (samples[randomInteger(random, 0, samples.length - 1)] ?? new Uint8Array(1)).slice();
  for (let times = randomInteger(random, 1, 3); times > 0; times--) {
    bytes[randomInteger(random, 0, bytes.length - 1)] = random.next() * 256;
  }
  return bytes;
}

/** Written and read again, a packet is the same. */
function expectSame(packet: Packet, version: 4 | 5, seed: number): void {
  const reader = new PacketReader({ decodeRequest, version, topicAliasMaximum: 5 });
  reader.push(encodePacket(packet, version));
  expect({ seed, packet: reader.next() }).toEqual({ seed, packet });
}
