import type { BodyReader } from "./body-reader.ts";
import { type DecodeRequest, propertiesIn } from "./decode.ts";
import { type MqttVersion, type Packet, packetCodes, type SubscriptionRequest } from "./packets.ts";

/** Reads what only clients send, for a {@link PacketReader} on the broker's side. */
export const decodeRequest: DecodeRequest = (code, body, version) => {
  switch (code) {
    case packetCodes.connect:
      return decodeConnect(body);
    case packetCodes.subscribe: {
      const packetId = body.packetId();
      const properties = propertiesIn(body, version, code);
      const subscriptions: SubscriptionRequest[] = [];
      do subscriptions.push(decodeSubscription(body, version));
      while (body.left > 0);
      return { type: "subscribe", packetId, subscriptions, ...properties };
    }
    case packetCodes.unsubscribe: {
      const packetId = body.packetId();
      const properties = propertiesIn(body, version, code);
      const filters: string[] = [];
      do filters.push(body.text());
      while (body.left > 0);
      return { type: "unsubscribe", packetId, filters, ...properties };
    }
    case packetCodes.pingreq:
      return { type: "pingreq" };
    default:
      return undefined;
  }
};

function decodeSubscription(body: BodyReader, version: MqttVersion): SubscriptionRequest {
  const filter = body.text();
  const options = body.byte();
  if (version === 4) return { filter, qos: body.qos(options) };
  const retainHandling = (options >> 4) & 3;
  if (options > 63 || retainHandling === 3) body.fail("bad-flags");
  return {
    filter,
    qos: body.qos(options & 3),
    ...(options & 4 ? { noLocal: true } : {}),
    ...(options & 8 ? { retainAsPublished: true } : {}),
    ...(retainHandling > 0 ? { retainHandling: retainHandling as 1 | 2 } : {}),
  };
}

function decodeConnect(body: BodyReader): Packet {
  const protocol = body.text();
  const version = body.byte() as MqttVersion;
  if (protocol !== "MQTT" || (version !== 4 && version !== 5)) body.fail("bad-protocol");
  const flags = body.byte();
  const hasWill = (flags & 4) !== 0;
  const hasUsername = (flags & 128) !== 0;
  const hasPassword = (flags & 64) !== 0;
  // Reserved bit, will flags without a will (MQTT 5, 3.1.2); in MQTT 3.1.1 a password without a name, too.
  if (flags & 1 || (!hasWill && flags & 0x38) || (version === 4 && hasPassword && !hasUsername)) {
    body.fail("bad-flags");
  }
  const keepaliveSeconds = body.uint16();
  const properties = propertiesIn(body, version, packetCodes.connect);
  const clientId = body.text();
  const will = hasWill
    ? {
        ...propertiesIn(body, version, 0),
        topic: body.text(),
        payload: body.data(),
        qos: body.qos((flags >> 3) & 3),
        retain: (flags & 32) !== 0,
      }
    : undefined;
  const username = hasUsername ? body.text() : undefined;
  const password = hasPassword ? body.data() : undefined;
  return {
    type: "connect",
    ...(version === 5 ? { version } : {}),
    clientId,
    clean: (flags & 2) !== 0,
    keepaliveSeconds,
    ...properties,
    ...(username === undefined ? {} : { username }),
    ...(password ? { password } : {}),
    ...(will ? { will } : {}),
  };
}
