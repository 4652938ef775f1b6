import type { BodyWriter } from "./body-writer.ts";
import type { ConnectPacket, MqttVersion, Packet, PublishPacket } from "./packets.ts";
import { type Properties, writeProperties } from "./properties.ts";

/** Writes what follows the header of any packet but PUBLISH. */
export function writeBody(
  packet: Exclude<Packet, PublishPacket>,
  version: MqttVersion,
  body: BodyWriter,
): void {
  const properties = (of: { readonly properties?: Properties }) => {
    if (version === 5) writeProperties(body, of.properties);
  };
  switch (packet.type) {
    case "connect":
      return writeConnect(packet, body);
    case "connack":
      body.byte(packet.sessionPresent ? 1 : 0);
      body.byte(packet.reasonCode);
      return properties(packet);
    case "subscribe":
      body.uint16(packet.packetId);
      properties(packet);
      for (const { filter, qos, noLocal, retainAsPublished, retainHandling = 0 } of packet.subscriptions) {
        body.text(filter);
        body.byte(qos | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | (retainHandling << 4));
      }
      return;
    case "unsubscribe":
      body.uint16(packet.packetId);
      properties(packet);
      for (const filter of packet.filters) body.text(filter);
      return;
    case "suback":
    case "unsuback":
      body.uint16(packet.packetId);
      properties(packet);
      // In MQTT 3.1.1 an UNSUBACK has none.
      if (version === 5 || packet.type === "suback")
        for (const code of packet.reasonCodes ?? []) body.byte(code);
      return;
    case "pingreq":
    case "pingresp":
      return;
    default: {
      if ("packetId" in packet) body.uint16(packet.packetId);
      // Success without properties is left out (MQTT 5, 3.4.2.1).
      if (version === 4 || (!packet.reasonCode && !packet.properties)) return;
      body.byte(packet.reasonCode ?? 0);
      if (packet.properties) properties(packet);
    }
  }
}

function writeConnect(packet: ConnectPacket, body: BodyWriter): void {
  const { version = 4, username, password, will } = packet;
  body.text("MQTT");
  body.byte(version);
  body.byte(
    (packet.clean ? 2 : 0) |
      (will ? 4 | (will.qos << 3) | (will.retain ? 32 : 0) : 0) |
      (password ? 64 : 0) |
      (username === undefined ? 0 : 128),
  );
  body.uint16(packet.keepaliveSeconds);
  if (version === 5) writeProperties(body, packet.properties);
  body.text(packet.clientId);
  if (will) {
    if (version === 5) writeProperties(body, will.properties);
    body.text(will.topic);
    body.data(will.payload);
  }
  if (username !== undefined) body.text(username);
  if (password) body.data(password);
}
