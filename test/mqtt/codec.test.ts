import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeUtf8, fromHex, toHex } from "../../src/base/index.ts";
import {
  decodeRequest,
  encodePacket,
  type MalformedPacket,
  type OutgoingPacket,
  type Packet,
  PacketReader,
  type PacketReaderOptions,
  PacketWriter,
} from "../../src/mqtt/index.ts";
import { anyPacket } from "./packets.ts";

/** Everything that a reader makes of these chunks, up to the first malformed packet. */
function readAll(chunks: readonly Uint8Array[], options?: PacketReaderOptions): (Packet | MalformedPacket)[] {
  const reader = new PacketReader({ decodeRequest, ...options });
  const packets: (Packet | MalformedPacket)[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let packet = reader.next(); packet; packet = reader.next()) {
      packets.push(packet);
      if (packet.type === "malformed") return packets;
    }
  }
  return packets;
}

function readHex(hex: string): (Packet | MalformedPacket)[] {
  return readAll([fromHex(hex.replaceAll(" ", "")) ?? new Uint8Array(0)]);
}

const will = { topic: "w", payload: encodeUtf8("bye"), qos: 1, retain: true } as const;

/** Packets and their bytes; those of `mqtt_as`, as it was heard on the wire, and of the standard's own figures. */
const vectors: readonly (readonly [name: string, packet: OutgoingPacket, hex: string])[] = [
  [
    "CONNECT with a will",
    { type: "connect", clientId: "c1", clean: true, keepaliveSeconds: 120, will },
    "10 16 00 04 4d 51 54 54 04 2e 00 78 00 02 63 31 00 01 77 00 03 62 79 65",
  ],
  [
    "CONNECT with name and password",
    {
      type: "connect",
      clientId: "c1",
      clean: false,
      keepaliveSeconds: 60,
      username: "u",
      password: encodeUtf8("p"),
    },
    "10 14 00 04 4d 51 54 54 04 c0 00 3c 00 02 63 31 00 01 75 00 01 70",
  ],
  ["CONNACK of a session", { type: "connack", sessionPresent: true, reasonCode: 0 }, "20 02 01 00"],
  ["CONNACK that refuses", { type: "connack", sessionPresent: false, reasonCode: 5 }, "20 02 00 05"],
  [
    "SUBSCRIBE",
    { type: "subscribe", packetId: 1, subscriptions: [{ filter: "foo", qos: 1 }] },
    "82 08 00 01 00 03 66 6f 6f 01",
  ],
  ["SUBACK", { type: "suback", packetId: 1, reasonCodes: [1, 0x80] }, "90 04 00 01 01 80"],
  ["UNSUBSCRIBE", { type: "unsubscribe", packetId: 2, filters: ["foo"] }, "a2 07 00 02 00 03 66 6f 6f"],
  ["UNSUBACK", { type: "unsuback", packetId: 2 }, "b0 02 00 02"],
  [
    "PUBLISH at QoS 1, again, retained",
    {
      type: "publish",
      topic: "foo",
      payload: encodeUtf8("hi"),
      qos: 1,
      retain: true,
      duplicate: true,
      packetId: 7,
    },
    "3b 09 00 03 66 6f 6f 00 07 68 69",
  ],
  [
    "PUBLISH at QoS 0",
    {
      type: "publish",
      topic: "foo",
      payload: encodeUtf8("hi"),
      qos: 0,
      retain: false,
      duplicate: false,
      packetId: 0,
    },
    "30 07 00 03 66 6f 6f 68 69",
  ],
  ["PUBACK", { type: "puback", packetId: 0x1234 }, "40 02 12 34"],
  ["PUBREC", { type: "pubrec", packetId: 1 }, "50 02 00 01"],
  ["PUBREL", { type: "pubrel", packetId: 1 }, "62 02 00 01"],
  ["PUBCOMP", { type: "pubcomp", packetId: 1 }, "70 02 00 01"],
  ["PINGREQ", { type: "pingreq" }, "c0 00"],
  ["PINGRESP", { type: "pingresp" }, "d0 00"],
  ["DISCONNECT", { type: "disconnect" }, "e0 00"],
];

describe("the codec", () => {
  it.each(vectors)("writes and reads %s", (_name, packet, hex) => {
    expect(toHex(encodePacket(packet))).toBe(hex.replaceAll(" ", ""));
    expect(readHex(hex)).toEqual([packet]);
  });

  it("reads what it has written, however it is cut into chunks", () => {
    fc.assert(
      fc.property(
        fc.array(anyPacket, { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        (packets, sizes) => {
          const writer = new PacketWriter();
          for (const packet of packets) writer.write(packet);
          const bytes = writer.take();
          const chunks: Uint8Array[] = [];
          for (let offset = 0; offset < bytes.length;) {
            const end = offset + sizes.next().value;
            chunks.push(bytes.slice(offset, end));
            offset = end;
          }
          expect(readAll(chunks)).toEqual(packets);
        },
      ),
    );
  });

  it("writes text payloads as UTF-8", () => {
    const message = { topic: "ä", qos: 0, retain: false, duplicate: false, packetId: 0 } as const;
    expect(encodePacket({ type: "publish", ...message, payload: "grün 😀" })).toEqual(
      encodePacket({ type: "publish", ...message, payload: encodeUtf8("grün 😀") }),
    );
  });
});

describe("the writer", () => {
  it("leaves alone what was taken from it", () => {
    const writer = new PacketWriter();
    writer.write({ type: "puback", packetId: 1 });
    const first = writer.take();
    for (let packetId = 2; packetId < 2000; packetId++) writer.write({ type: "puback", packetId });
    expect(toHex(first)).toBe("40020001");
    expect(readAll([writer.take()])).toHaveLength(1998);
    expect(writer.pending).toBe(0);
    expect(writer.take()).toHaveLength(0);
  });

  it("writes the longest lengths of one, two and three bytes", () => {
    for (const length of [127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
      const payload = new Uint8Array(length - 3);
      const packet = {
        type: "publish",
        topic: "t",
        payload,
        qos: 0,
        retain: false,
        duplicate: false,
        packetId: 0,
      } as const;
      const [read] = readAll([encodePacket(packet)], { maximumPacketBytes: 3_000_000 });
      expect(read?.type === "publish" && read.payload.length).toBe(payload.length);
    }
  });
});

describe("the reader", () => {
  it.each([
    ["a type that does not exist", "00 00", "bad-type"],
    ["a type that MQTT 5 brought", "f0 00", "bad-type"],
    ["flags that must not be set", "41 02 00 01", "bad-flags"],
    ["a PUBREL without its flags", "60 02 00 01", "bad-flags"],
    ["QoS 3", "36 07 00 03 66 6f 6f 00 01", "bad-qos"],
    ["a length of five bytes", "30 80 80 80 80 01", "bad-length"],
    ["a body that is too short", "40 01 00", "bad-length"],
    ["a body that is too long", "40 03 00 01 00", "bad-length"],
    ["a PUBLISH without a topic's length", "30 01 00", "bad-length"],
    ["a topic that goes past the end", "30 05 00 09 66 6f 6f", "bad-length"],
    ["a packet id that is zero", "40 02 00 00", "bad-packet-id"],
    ["a PUBLISH at QoS 1 with packet id zero", "32 07 00 03 66 6f 6f 00 00", "bad-packet-id"],
    ["a topic that is no UTF-8", "30 05 00 03 66 ff 6f", "bad-topic"],
    ["a topic that holds a NUL", "30 05 00 03 66 00 6f", "bad-topic"],
    ["a topic that holds a surrogate", "30 05 00 03 ed a0 80", "bad-topic"],
    ["a topic that holds a wildcard", "30 05 00 03 66 2f 23", "bad-topic"],
    ["an empty topic", "30 02 00 00", "bad-topic"],
    ["a SUBACK code that does not exist", "90 03 00 01 03", "bad-reason-code"],
    ["a SUBACK without codes", "90 02 00 01", "bad-length"],
    ["reserved bits in CONNACK", "20 02 02 00", "bad-flags"],
    ["another protocol's name", "10 0c 00 04 4d 51 54 55 04 02 00 3c 00 00", "bad-protocol"],
    ["a password without a name", "10 0f 00 04 4d 51 54 54 04 42 00 3c 00 00 00 01 70", "bad-flags"],
    ["a filter that is no UTF-8", "82 06 00 01 00 01 ff 00", "bad-text"],
  ])("takes %s for malformed", (_name, hex, reason) => {
    expect(readHex(hex)).toEqual([{ type: "malformed", reason }]);
  });

  it("reads nothing behind a malformed packet", () => {
    const reader = new PacketReader({ decodeRequest });
    reader.push(fromHex("40020001000040020002") as Uint8Array);
    expect(reader.next()).toEqual({ type: "puback", packetId: 1 });
    for (let time = 0; time < 3; time++) {
      expect(reader.next()).toEqual({ type: "malformed", reason: "bad-type" });
      reader.push(fromHex("40020003") as Uint8Array);
    }
  });

  it("does not take a packet over its limit, whatever has come of it", () => {
    expect(readAll([Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f)])).toEqual([
      { type: "malformed", reason: "too-long" },
    ]);
    const packet = {
      type: "publish",
      topic: "t",
      qos: 0,
      retain: false,
      duplicate: false,
      packetId: 0,
    } as const;
    const fits = encodePacket({ ...packet, payload: new Uint8Array(60) });
    expect(readAll([fits], { maximumPacketBytes: fits.length })).toHaveLength(1);
    expect(readAll([fits], { maximumPacketBytes: fits.length - 1 })).toEqual([
      { type: "malformed", reason: "too-long" },
    ]);
  });

  it("never throws, and ends each stream of random bytes in a packet, a fault or a wait", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { maxLength: 10 }), (chunks) => {
        for (const packet of readAll(chunks)) {
          if (packet.type === "malformed") continue;
          // What it took for a packet is one: it can be written, and read again as the same.
          expect(readAll([encodePacket(packet)])).toEqual([packet]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("never throws on a packet with some bytes changed", () => {
    const change = fc.record({ at: fc.nat(), to: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(anyPacket, fc.array(change, { minLength: 1, maxLength: 4 }), (packet, changes) => {
        const bytes = encodePacket(packet);
        for (const { at, to } of changes) bytes[at % bytes.length] = to;
        readAll([bytes, new Uint8Array(8)]);
      }),
      { numRuns: 2000 },
    );
  });

  it("holds one packet, in one piece of memory, however small the chunks", () => {
    const payload = new Uint8Array(200_000).fill(7);
    const bytes = encodePacket({
      type: "publish",
      topic: "large",
      payload,
      qos: 1,
      retain: false,
      duplicate: false,
      packetId: 9,
    });
    const chunks = Array.from(bytes, (byte) => Uint8Array.of(byte));
    const [packet] = readAll(chunks);
    expect(packet).toMatchObject({ type: "publish", packetId: 9 });
    expect(packet?.type === "publish" && packet.payload.buffer.byteLength).toBe(bytes.length);
  });
});
