import { decodeUtf8 } from "../base/index.ts";
import { faultOfTopicName, type QoS } from "../topics/index.ts";
import { BodyReader, type MalformedReason } from "./body-reader.ts";
import { firstFailure, type MqttVersion, type Packet, packetCodes, type PublishPacket } from "./packets.ts";
import { type Properties, type PropertiesOf, readProperties } from "./properties.ts";

/** What a reader gives instead of a packet. Nothing behind it can be read: the connection has to be closed. */
export interface MalformedPacket {
  readonly type: "malformed";
  readonly reason: MalformedReason;
}

/** A malformed packet of this reason. */
export function malformed(reason: MalformedReason): MalformedPacket {
  return { type: "malformed", reason };
}

/** Turns the bytes of a topic into text. */
export interface TopicReader {
  /** `undefined` if they are no topic name (MQTT 5, 1.5.4 and 4.7). */
  read(bytes: Uint8Array, start: number, end: number): string | undefined;
}

/** The text of a topic name's bytes; `undefined` if they are none (MQTT 5, 1.5.4 and 4.7). */
export function readTopicName(bytes: Uint8Array, start: number, end: number): string | undefined {
  const topic = decodeUtf8(bytes, start, end);
  return topic === undefined || faultOfTopicName(topic) ? undefined : topic;
}

/** Reads the body of a packet that only clients send; `undefined` if it is none. */
export type DecodeRequest = (code: number, body: BodyReader, version: MqttVersion) => Packet | undefined;

/**
 * Reads one whole packet other than PUBLISH. Never throws.
 *
 * @param first the packet's first byte: type and flags
 * @param decodeRequest for what only clients send; without it, that is malformed
 */
export function decodeOther(
  first: number,
  body: BodyReader,
  version: MqttVersion,
  decodeRequest: DecodeRequest | undefined,
): Packet | MalformedPacket {
  const code = first >> 4;
  const { pubrel, subscribe, unsubscribe } = packetCodes;
  if ((first & 15) !== (code === pubrel || code === subscribe || code === unsubscribe ? 2 : 0)) {
    return malformed("bad-flags");
  }
  const packet = decodeAnswer(code, body, version) ?? decodeRequest?.(code, body, version);
  if (body.fault || !packet) return malformed(body.fault ?? "bad-type");
  return body.left === 0 ? packet : malformed("bad-length");
}

/** Reads a PUBLISH. Never throws. The topic is empty where an alias stands for it. */
export function decodePublish(
  first: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  version: MqttVersion,
  topics: TopicReader,
): PublishPacket | MalformedPacket {
  const qos = (first >> 1) & 3;
  if (qos === 3) return malformed("bad-qos");
  const topicStart = start + 2;
  if (topicStart > end) return malformed("bad-length");
  const topicEnd = topicStart + (((bytes[start] as number) << 8) | (bytes[start + 1] as number));
  let payloadStart = qos === 0 ? topicEnd : topicEnd + 2;
  if (payloadStart > end) return malformed("bad-length");
  const packetId = qos === 0 ? 0 : ((bytes[topicEnd] as number) << 8) | (bytes[topicEnd + 1] as number);
  if (qos > 0 && packetId === 0) return malformed("bad-packet-id");
  let properties: PropertiesOf["publish"] | undefined;
  if (version === 5) {
    // Mostly there are none.
    if (payloadStart < end && bytes[payloadStart] === 0) payloadStart++;
    else {
      const body = new BodyReader(bytes, payloadStart, end);
      properties = readProperties(body, packetCodes.publish);
      if (body.fault) return malformed(body.fault);
      payloadStart = end - body.left;
    }
  }
  const topic =
    properties?.topicAlias && topicStart === topicEnd ? "" : topics.read(bytes, topicStart, topicEnd);
  if (topic === undefined) return malformed("bad-topic");
  const payload = bytes.subarray(payloadStart, end);
  const retain = (first & 1) !== 0;
  const duplicate = (first & 8) !== 0;
  return properties
    ? { type: "publish", topic, payload, qos: qos as QoS, retain, duplicate, packetId, properties }
    : { type: "publish", topic, payload, qos: qos as QoS, retain, duplicate, packetId };
}

const acknowledgements: Readonly<Record<number, "puback" | "pubrec" | "pubrel" | "pubcomp">> = {
  4: "puback",
  5: "pubrec",
  6: "pubrel",
  7: "pubcomp",
};

function decodeAnswer(code: number, body: BodyReader, version: MqttVersion): Packet | undefined {
  switch (code) {
    case packetCodes.connack: {
      const flags = body.byte();
      if (flags > 1) body.fail("bad-flags");
      const answer = { type: "connack" as const, sessionPresent: flags === 1, reasonCode: body.byte() };
      // A broker that speaks only MQTT 3.1.1 says so in its own way.
      return body.left === 0 ? answer : { ...answer, ...propertiesIn(body, version, code) };
    }
    case packetCodes.puback:
    case packetCodes.pubrec:
    case packetCodes.pubrel:
    case packetCodes.pubcomp: {
      const type = acknowledgements[code] ?? "puback";
      const packetId = body.packetId();
      return body.left === 0 ? { type, packetId } : { type, packetId, ...reasonIn(body, version, code) };
    }
    case packetCodes.suback:
    case packetCodes.unsuback: {
      const type = code === packetCodes.suback ? "suback" : "unsuback";
      const packetId = body.packetId();
      const properties = propertiesIn(body, version, code);
      if (type === "unsuback" && version === 4) return { type, packetId };
      const reasonCodes: number[] = [];
      do reasonCodes.push(body.byte());
      while (body.left > 0);
      if (version === 4 && reasonCodes.some((one) => one > 2 && one !== firstFailure)) {
        body.fail("bad-reason-code");
      }
      return { type, packetId, reasonCodes, ...properties };
    }
    case packetCodes.pingresp:
      return { type: "pingresp" };
    case packetCodes.disconnect:
      return { type: "disconnect", ...reasonIn(body, version, code) };
    case packetCodes.auth:
      if (version === 4) return undefined;
      return { type: "auth", ...reasonIn(body, version, code) };
    default:
      return undefined;
  }
}

/** The properties, as a part of their packet; none in MQTT 3.1.1. */
export function propertiesIn(
  body: BodyReader,
  version: MqttVersion,
  code: number,
): { readonly properties?: Properties } {
  const properties = version === 5 ? readProperties(body, code) : undefined;
  return properties ? { properties } : {};
}

/** Reason code and properties at the end of a packet; both may be left out (MQTT 5, 3.4.2). */
function reasonIn(body: BodyReader, version: MqttVersion, code: number) {
  if (version === 4 || body.left === 0) return {};
  const reasonCode = body.byte();
  const more = body.left > 0 ? propertiesIn(body, version, code) : {};
  return reasonCode === 0 && !("properties" in more) ? {} : { reasonCode, ...more };
}
