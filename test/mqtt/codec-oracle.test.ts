import * as fc from "fast-check";
import { generate, type Packet as OraclePacket, parser } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import {
  decodeRequest,
  encodePacket,
  type MqttVersion,
  type Packet,
  PacketReader,
  type Properties,
} from "../../src/mqtt/index.ts";
import { anyPacket } from "./packets.ts";
import { anyPacket5 } from "./packets5.ts";

/** Properties as mqtt-packet takes and gives them. */
function toOracleProperties(
  { properties }: { properties?: Properties | undefined },
  type: Packet["type"],
): object {
  if (!properties) return {};
  const { userProperties, subscriptionIdentifiers: ids } = properties;
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(properties)) {
    if (name === "subscriptionIdentifiers") {
      result["subscriptionIdentifier"] = type === "subscribe" || ids?.length === 1 ? ids?.[0] : ids;
    } else if (name === "userProperties") {
      const grouped: Record<string, string | string[]> = {};
      for (const [key, text] of userProperties ?? []) {
        grouped[key] = key in grouped ? [grouped[key] as string, text] : text;
      }
      result[name] = grouped;
    } else result[name] = value instanceof Uint8Array ? Buffer.from(value) : value;
  }
  return { properties: result };
}

/** A packet as mqtt-packet takes and gives it. */
function toOracle(packet: Packet, version: MqttVersion): OraclePacket {
  const more = "properties" in packet ? toOracleProperties(packet, packet.type) : {};
  switch (packet.type) {
    case "connect": {
      const { username, password, will } = packet;
      return {
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: version,
        clientId: packet.clientId,
        clean: packet.clean,
        keepalive: packet.keepaliveSeconds,
        ...(username === undefined ? {} : { username }),
        ...(password ? { password: Buffer.from(password) } : {}),
        ...(will
          ? { will: { ...will, payload: Buffer.from(will.payload), ...toOracleProperties(will, "connect") } }
          : {}),
        ...more,
      } as unknown as OraclePacket;
    }
    case "connack":
      return {
        cmd: "connack",
        sessionPresent: packet.sessionPresent,
        [version === 5 ? "reasonCode" : "returnCode"]: packet.reasonCode,
        ...more,
      };
    case "publish": {
      const { topic, payload, qos, retain, duplicate, packetId } = packet;
      const id = qos > 0 ? { messageId: packetId } : {};
      return {
        cmd: "publish",
        topic,
        payload: Buffer.from(payload),
        qos,
        retain,
        dup: duplicate,
        ...id,
        ...more,
      };
    }
    case "subscribe": {
      const subscriptions = packet.subscriptions.map(({ filter, qos, ...delivery }) => ({
        topic: filter,
        qos,
        ...(version === 5
          ? {
              nl: delivery.noLocal ?? false,
              rap: delivery.retainAsPublished ?? false,
              rh: delivery.retainHandling ?? 0,
            }
          : {}),
      }));
      return { cmd: "subscribe", messageId: packet.packetId, subscriptions, ...more };
    }
    case "suback":
      return { cmd: "suback", messageId: packet.packetId, granted: [...packet.reasonCodes], ...more };
    case "unsubscribe":
      return {
        cmd: "unsubscribe",
        messageId: packet.packetId,
        unsubscriptions: [...packet.filters],
        ...more,
      };
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp": {
      const reason = packet.reasonCode === undefined ? {} : { reasonCode: packet.reasonCode };
      return { cmd: packet.type, messageId: packet.packetId, ...reason, ...more };
    }
    case "unsuback": {
      const granted = packet.reasonCodes ? { granted: [...packet.reasonCodes] } : {};
      return { cmd: packet.type, messageId: packet.packetId, ...granted, ...more } as OraclePacket;
    }
    case "disconnect":
    case "auth":
      return {
        cmd: packet.type,
        ...(version === 5 ? { reasonCode: packet.reasonCode ?? 0 } : {}),
        ...more,
      } as OraclePacket;
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

describe.each([
  ["MQTT 3.1.1", 4, anyPacket],
  ["MQTT 5", 5, anyPacket5],
] as const)("mqtt-packet, %s", (_name, version, any) => {
  const packets = any.filter((packet) => !isBeyondOracle(packet));
  const readHere = (bytes: Uint8Array) => {
    const reader = new PacketReader({ decodeRequest, version, topicAliasMaximum: 65_535 });
    reader.push(bytes);
    return reader.next();
  };

  it("reads what is written here, and is read here", () => {
    fc.assert(
      fc.property(packets, (packet) => {
        const oracle = parser({ protocolVersion: version });
        const read: OraclePacket[] = [];
        oracle.on("packet", (one) => read.push(one));
        oracle.parse(Buffer.from(encodePacket(packet, version)));
        expect(read).toHaveLength(1);
        expect(read[0]).toMatchObject(toOracle(packet, version));
        const written = generate(toOracle(packet, version), { protocolVersion: version });
        expect(readHere(new Uint8Array(written))).toEqual(packet);
      }),
      { numRuns: 1000 },
    );
  });

  it("writes the same bytes", () => {
    fc.assert(
      fc.property(packets, (packet) => {
        const oracle = generate(toOracle(packet, version), { protocolVersion: version });
        // In MQTT 5, properties may be in any order, and success may be left out or not.
        if (version === 5)
          expect(readHere(new Uint8Array(oracle))).toEqual(readHere(encodePacket(packet, 5)));
        else expect(Buffer.from(encodePacket(packet)).toString("hex")).toBe(oracle.toString("hex"));
      }),
      { numRuns: 1000 },
    );
  });
});
