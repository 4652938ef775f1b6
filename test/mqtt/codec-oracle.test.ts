import * as fc from "fast-check";
import { generate, type Packet as OraclePacket, parser } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { encodePacket, type Packet, PacketReader } from "../../src/mqtt/index.ts";
import { anyPacket } from "./packets.ts";

/** A packet as mqtt-packet takes and gives it. */
function toOracle(packet: Packet): OraclePacket {
  switch (packet.type) {
    case "connect": {
      const { username, password, will } = packet;
      return {
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: 4,
        clientId: packet.clientId,
        clean: packet.clean,
        keepalive: packet.keepaliveSeconds,
        ...(username === undefined ? {} : { username }),
        ...(password ? { password: Buffer.from(password) } : {}),
        ...(will ? { will: { ...will, payload: Buffer.from(will.payload) } } : {}),
      };
    }
    case "connack":
      return { cmd: "connack", sessionPresent: packet.sessionPresent, returnCode: packet.returnCode };
    case "publish": {
      const { topic, payload, qos, retain, duplicate, packetId } = packet;
      const id = qos > 0 ? { messageId: packetId } : {};
      return { cmd: "publish", topic, payload: Buffer.from(payload), qos, retain, dup: duplicate, ...id };
    }
    case "subscribe": {
      const subscriptions = packet.subscriptions.map(({ filter, qos }) => ({ topic: filter, qos }));
      return { cmd: "subscribe", messageId: packet.packetId, subscriptions };
    }
    case "suback":
      return { cmd: "suback", messageId: packet.packetId, granted: [...packet.returnCodes] };
    case "unsubscribe":
      return { cmd: "unsubscribe", messageId: packet.packetId, unsubscriptions: [...packet.filters] };
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return { cmd: packet.type, messageId: packet.packetId };
    case "unsuback":
      // Its return codes are MQTT 5's.
      return { cmd: packet.type, messageId: packet.packetId } as OraclePacket;
    default:
      return { cmd: packet.type };
  }
}

/** mqtt-packet refuses these although MQTT allows them. */
function isBeyondOracle(packet: Packet): boolean {
  if (packet.type !== "connect") return false;
  return (
    packet.clientId === "" ||
    packet.username === "" ||
    packet.password?.length === 0 ||
    packet.will?.payload.length === 0
  );
}

describe("mqtt-packet", () => {
  const packets = anyPacket.filter((packet) => !isBeyondOracle(packet));

  it("writes the same bytes", () => {
    fc.assert(
      fc.property(packets, (packet) => {
        expect(Buffer.from(encodePacket(packet)).toString("hex")).toBe(
          generate(toOracle(packet)).toString("hex"),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it("reads what is written here, and is read here", () => {
    fc.assert(
      fc.property(packets, (packet) => {
        const oracle = parser({ protocolVersion: 4 });
        const read: OraclePacket[] = [];
        oracle.on("packet", (one) => read.push(one));
        oracle.parse(Buffer.from(encodePacket(packet)));
        expect(read).toHaveLength(1);
        expect(read[0]).toMatchObject(toOracle(packet));

        const reader = new PacketReader();
        reader.push(new Uint8Array(generate(toOracle(packet))));
        expect(reader.next()).toEqual(packet);
      }),
      { numRuns: 1000 },
    );
  });
});
